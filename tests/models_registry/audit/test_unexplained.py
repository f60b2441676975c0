"""Rows that were changed past the trail, and how they are adopted."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from models_registry import services
from models_registry.audit.ledger import written
from models_registry.audit.models import AuditEntry, Book
from models_registry.audit.occasion import acting
from models_registry.audit.unexplained import adopt, gaps
from models_registry.audit.verifying import Verification
from models_registry.models import AIModel, QualityTier
from pricing import services as pricing
from pricing.models import PricingPolicy, Rate
from tests.factories import untraced
from tests.laying import laid_once
from tests.models_registry.audit import trail
from videoai.access import services as tokens
from videoai.access.models import ServiceToken

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("laid")]


@laid_once("module")
def laid() -> None:
    trail.lay()


def insert_model() -> None:
    values = services.state(trail.model())
    untraced(AIModel).bulk_create([AIModel(**{**values, "model_id": "raw/sql", "is_default": False})])


def move_rate() -> None:
    moved = Rate.objects.get(model=trail.model(5))
    untraced(Rate).filter(pk=moved.pk).update(quality_id="ultra", model_id=trail.model(4).pk)


TAMPERINGS: dict[str, tuple[Any, str]] = {
    "price": (
        lambda: untraced(AIModel).filter(model_id="acme/m1").update(cost_per_second=Decimal("0.01")),
        "model acme/m1 (row {m1}) was changed past the trail: $ per second: 0.5 → 0.01",
    ),
    "json type": (
        lambda: untraced(AIModel).filter(model_id="acme/m1").update(model_parameters={"seed": True}),
        "model parameters: seed changed: 1 → yes",
    ),
    "flag": (
        lambda: untraced(AIModel).filter(model_id="acme/m1").update(is_premium=True),
        "was changed past the trail: now premium",
    ),
    "id": (
        lambda: untraced(AIModel).filter(model_id="acme/m0").update(model_id="acme/other"),
        "model id: acme/m0 → acme/other",
    ),
    "tier": (
        lambda: untraced(QualityTier).filter(key="high").update(cost_multiplier=Decimal("0.1")),
        "cost multiplier: 1.2 → 0.1",
    ),
    "rate": (
        lambda: untraced(Rate).update(amount=Decimal("0.3")),
        "$ per second in high: 0.4 → 0.3",
    ),
    "moved rate": (move_rate, "was changed past the trail: $ per second in high: 0.4 → none"),
    "rate of another": (
        lambda: (
            untraced(Rate).filter(model__model_id="acme/m1").delete()
            and untraced(Rate).filter(model__model_id="acme/m2").update(model_id=trail.model(1).pk)
        ),
        'it belonged to "acme/m2"',
    ),
    "policy": (
        lambda: untraced(PricingPolicy).update(profit_margin=Decimal(1)),
        "pricing policy Pricing policy (row 1) was changed past the trail: profit margin: 1.32 → 1",
    ),
    "inserted": (insert_model, "model raw/sql (row {raw}) is there, but no entry tells of it"),
    "deleted": (
        lambda: untraced(Rate).filter(model__model_id="acme/m1").delete(),
        "rate acme/m1 (row {r1}) is gone, but no entry tells of its deletion",
    ),
}


@pytest.mark.parametrize(("tamper", "told"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_a_row_changed_past_the_trail_is_found_and_can_be_adopted(tamper: Any, told: str) -> None:
    rate_id = Rate.objects.get(model__model_id="acme/m1").pk
    tamper()
    raw = AIModel.objects.filter(model_id="raw/sql").first()
    m1 = AIModel.objects.get(model_id="acme/m1")
    expected = told.format(m1=m1.pk, raw=raw and raw.pk, r1=rate_id)
    assert expected in "\n".join(trail.findings())
    with acting(reason="It was meant"):
        adopted = adopt()
    assert adopted
    assert trail.findings() == []
    entry = trail.last_entry()
    assert (entry.action, entry.reason) == ("adopt", "It was meant")


@pytest.mark.parametrize(("tamper", "told"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_what_is_undone_needs_no_explanation(tamper: Any, told: str) -> None:
    with transaction.atomic():
        tamper()
        assert not trail.holds()
        transaction.set_rollback(True)
    assert trail.findings() == []


def test_the_same_values_written_another_way_are_explained() -> None:
    same = {"cost_per_second": Decimal("0.500"), "model_parameters": {"seed": 1.0}}
    untraced(AIModel).filter(model_id="acme/m1").update(**same)
    assert trail.findings() == []


def test_what_others_changed_before_a_change_of_ours_is_a_gap() -> None:
    untraced(AIModel).filter(model_id="acme/m1").update(name="By SQL")
    services.revise(trail.model(1), {"name": "By us"})
    [finding] = trail.findings()
    assert f"was changed past the trail before catalogue {trail.last_entry().number}: name: " in finding
    assert finding.endswith("→ By SQL")


def test_a_gap_is_settled_by_adoption_and_only_up_to_there() -> None:
    untraced(AIModel).filter(model_id="acme/m1").update(name="By SQL")
    services.revise(trail.model(1), {"name": "By us"})
    adopt([row for finding in Verification().findings() if (row := finding.row)])
    assert trail.findings() == []
    entry = trail.last_entry()
    assert entry.state_before == entry.state_after == trail.model(1).audit_state()
    untraced(AIModel).filter(model_id="acme/m1").update(name="By SQL again")
    services.revise(trail.model(1), {"name": "By us again"})
    assert len(trail.findings()) == 1


def test_a_row_that_was_there_before_any_entry_is_a_gap() -> None:
    insert_model()
    services.revise(AIModel.objects.get(model_id="raw/sql"), {"name": "New"})
    assert "the row was there before any entry told of it" in trail.findings()[0]
    adopt([row for finding in Verification().findings() if (row := finding.row)])
    assert trail.findings() == []


def test_a_gap_of_a_row_that_is_gone_is_settled_too() -> None:
    untraced(Rate).update(amount=Decimal("0.3"))
    pricing.remove_rate(Rate.objects.get(model__model_id="acme/m2"))
    adopt([row for finding in Verification().findings() if (row := finding.row)])
    assert trail.findings() == []


def test_adoption_takes_no_tampering_with_entries_away() -> None:
    untraced(AuditEntry).filter(pk="catalogue-3").update(reason="All right")
    untraced(AIModel).filter(model_id="acme/m1").update(name="By SQL")
    adopt()
    [finding] = trail.findings()
    assert "catalogue 3 was edited" in finding


def test_adopting_where_all_is_explained_writes_nothing() -> None:
    number = AuditEntry.objects.count()
    assert adopt() == []
    assert AuditEntry.objects.count() == number


def test_a_column_that_came_later_holds_its_default() -> None:
    model = trail.model(1)
    entry = AuditEntry.objects.of_row("model", model.pk).latest("number")
    older = {name: value for name, value in entry.state_after.items() if name not in {"tags", "max_duration"}}
    services.revise(model, {"tags": []})
    last = AuditEntry.objects.of_row("model", model.pk).latest("number")
    untraced(AuditEntry).filter(pk=last.pk).update(after=written(older))
    assert not any("past the trail" in finding for finding in trail.findings())


# --- Tokens ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"scopes": ["catalog:write"]}, "scopes: added catalog:write; removed catalog:read"),
        ({"digest": "0" * 64}, "fingerprint: "),
        ({"name": "other"}, "name: frontend → other"),
        ({"expires_at": None}, "expires at: "),
    ],
)
def test_tokens_are_watched_over_in_their_own_book(values: dict[str, Any], told: str) -> None:
    token = tokens.create("frontend", scopes=["catalog:read"]).token
    assert trail.findings() == []
    untraced(ServiceToken).filter(pk=token.pk).update(**values)
    [finding] = trail.findings()
    assert told in finding
    adopt()
    assert trail.findings() == []
    assert trail.entries(Book.ACCESS)[-1].action == "adopt"


def test_the_last_use_of_a_token_is_no_change() -> None:
    token = tokens.create("frontend", scopes=["catalog:read"]).token
    ServiceToken.objects.filter(pk=token.pk).update(last_used_at=token.created_at)
    assert trail.findings() == []


def test_a_column_that_came_between_two_entries_is_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = AIModel.audit_state

    def of_before(row: AIModel) -> dict[str, Any]:
        return {name: value for name, value in whole(row).items() if name != "sunset_at"}

    with monkeypatch.context() as patch:
        patch.setattr(AIModel, "audit_state", of_before)
        model = services.create({**services.state(trail.model()), "model_id": "a/old", "is_default": False})
    services.revise(model, {"version": "after"})

    assert [told for _, row, told in gaps(_entries()) if row.subject == "a/old"] == []


def _entries() -> list[AuditEntry]:
    """With the number of the entry before, as they are verified."""
    entries = list(AuditEntry.objects.filter(book=Book.CATALOGUE).order_by("number"))
    last: dict[tuple[str, str], int] = {}
    for entry in entries:
        entry.previous = last.get((entry.kind, entry.row_id))  # type: ignore[attr-defined]
        last[entry.kind, entry.row_id] = entry.number
    return entries
