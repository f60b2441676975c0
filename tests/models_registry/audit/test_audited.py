"""Rows that can't be changed without a trace."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError

from models_registry import services
from models_registry.audit.audited import Audited, AuditedQuerySet, BulkWriteRefused, audited_classes
from models_registry.audit.models import AuditEntry, NotAppendOnly
from models_registry.models import AIModel, QualityTier
from pricing.models import PricingPolicy, Rate
from tests.factories import AIModelFactory, QualityTierFactory, rate, standard_policy, untraced

pytestmark = pytest.mark.django_db

AUDITED = [pytest.param(model, id=model.__name__) for model in audited_classes()]


def last() -> AuditEntry:
    return AuditEntry.objects.latest("number")


def test_all_that_is_to_be_recorded_is_recorded() -> None:
    assert {AIModel, QualityTier, Rate, PricingPolicy} <= set(audited_classes())


@pytest.mark.parametrize("model", AUDITED)
def test_every_manager_refuses_bulk_writes(model: type[Audited]) -> None:
    assert model._meta.managers
    for manager in model._meta.managers:
        assert isinstance(manager.get_queryset(), AuditedQuerySet), manager


@pytest.mark.parametrize("model", AUDITED)
def test_no_other_row_takes_it_along_unrecorded(model: type[Audited]) -> None:
    """A cascade goes around `delete`, and setting null around `save`."""
    for field in model._meta.concrete_fields:
        if field.remote_field is not None:
            assert field.remote_field.on_delete is models.PROTECT, field


@pytest.mark.parametrize("model", AUDITED)
def test_every_kind_has_a_name_of_its_own(model: type[Audited]) -> None:
    assert [other for other in audited_classes() if other.audit_kind == model.audit_kind] == [model]


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: rows.update(name="New"),
        lambda rows: rows.update(id=900),
        lambda rows: rows.update(pk=900),
        lambda rows: rows.update(cost_per_second=Decimal(1), updated_at=None),
        lambda rows: rows.delete(),
        lambda rows: rows.bulk_create([AIModel()]),
        lambda rows: rows.bulk_update([AIModel()], ["name"]),
    ],
)
@pytest.mark.parametrize("manager", ["objects", "active", "premium", "default"])
def test_bulk_writes_are_refused(manager: str, write: Any) -> None:
    model = AIModelFactory(is_premium=True)
    before = model.audit_state()
    with pytest.raises(BulkWriteRefused, match="would leave no trace"):
        write(getattr(AIModel, manager).all())
    assert AIModel.objects.get().audit_state() == before


def test_a_column_can_not_be_written_by_its_other_name() -> None:
    standing = rate(AIModelFactory(), "high", "0.4")
    with pytest.raises(BulkWriteRefused):
        Rate.objects.update(model_id=AIModelFactory().pk)
    assert Rate.objects.get().model_id == standing.model_id


def test_columns_that_the_trail_leaves_out_may_be_updated() -> None:
    model = AIModelFactory()
    assert AIModel.objects.filter(pk=model.pk).update(priced_at=model.created_at) == 1


# --- What is recorded ------------------------------------------------------------------------------------


def test_creating_records_the_row_as_the_database_has_it() -> None:
    model = AIModelFactory(cost_per_second="0.50", model_parameters={"b": 1, "a": [True, None, 1.5]})
    entry = last()
    assert (entry.kind, entry.action, entry.subject, entry.row_id) == (
        "model",
        "create",
        model.model_id,
        str(model.pk),
    )
    assert entry.state_before is None
    assert entry.state_after == AIModel.objects.get().audit_state()
    assert entry.state_after["cost_per_second"] == "0.5"
    assert entry.state_after["model_parameters"] == {"b": 1, "a": [True, None, 1.5]}


def test_changing_records_before_and_after() -> None:
    model = AIModelFactory(cost_per_second="0.5", tags=["slow"])
    services.revise(model, {"cost_per_second": Decimal("0.75"), "tags": ["fast"]})
    assert last().changes == [
        {"field": "cost_per_second", "before": "0.5", "after": "0.75"},
        {"field": "tags", "before": ["slow"], "after": ["fast"]},
    ]


def test_before_is_what_stood_there_and_not_what_was_once_loaded() -> None:
    tier = QualityTierFactory(label="One")
    stale = QualityTier.objects.get()
    tier.label = "Two"
    tier.save()
    stale.label = "Three"
    stale.save()
    assert last().changes == [{"field": "label", "before": "Two", "after": "Three"}]


def test_deleting_records_what_was_there() -> None:
    tier = QualityTierFactory(key="4k")
    before = tier.audit_state()
    tier.delete()
    entry = last()
    assert (entry.action, entry.subject, entry.state_before, entry.state_after) == (
        "delete",
        "4k",
        before,
        None,
    )


def test_a_refused_deletion_records_nothing() -> None:
    standing = rate(AIModelFactory(), "high", "0.4")
    number = AuditEntry.objects.count()
    with pytest.raises(ProtectedError):
        standing.model.delete()
    assert AuditEntry.objects.count() == number


@pytest.mark.parametrize(
    "again",
    [
        lambda: services.revise(AIModel.objects.get(), {"cost_per_second": Decimal("0.180")}),
        lambda: AIModel.objects.get().save(),
        lambda: rate(AIModel.objects.get(), "high", "0.40"),
        standard_policy,
        lambda: QualityTier.objects.get(key="high").save(),
    ],
)
def test_what_changes_nothing_leaves_nothing(again: Any) -> None:
    standard_policy()
    rate(AIModelFactory(cost_per_second="0.18"), "high", "0.4")
    number = AuditEntry.objects.count()
    again()
    assert AuditEntry.objects.count() == number


@pytest.mark.parametrize(("before", "after"), [(True, 1), (False, 0), (1, True)])
def test_true_and_1_are_not_the_same(before: Any, after: Any) -> None:
    model = AIModelFactory(model_parameters={"audio": before})
    services.revise(model, {"model_parameters": {"audio": after}})
    [change] = last().changes
    assert change["after"]["audio"] is after


def test_the_flag_that_leaves_the_old_default_is_recorded_too() -> None:
    first, second = AIModelFactory(), AIModelFactory()
    services.make_default(second)
    left, came = AuditEntry.objects.order_by("-number")[:2][::-1]
    assert (left.subject, left.changes[0]["after"]) == (first.model_id, False)
    assert (came.subject, came.action) == (second.model_id, "make_default")


@pytest.mark.parametrize("action", ["retire", "restore"])
def test_services_have_actions_of_their_own(action: str) -> None:
    AIModelFactory()
    model = services.retire(AIModelFactory())
    if action == "restore":
        services.restore(model)
    assert last().action == action


def test_a_row_that_goes_over_to_another_subject_leaves_the_one_and_comes_to_the_other() -> None:
    one, other = AIModelFactory(), AIModelFactory()
    moved = rate(one, "high", "0.4")
    moved.model = other
    moved.save()
    left, came = AuditEntry.objects.order_by("-number")[:2][::-1]
    assert (left.action, left.subject) == ("delete", one.model_id)
    assert (came.action, came.subject) == ("create", other.model_id)


# --- Both or neither -------------------------------------------------------------------------------------


def test_what_is_rolled_back_leaves_neither_change_nor_entry() -> None:
    model = AIModelFactory(name="Old")
    number = AuditEntry.objects.count()
    with transaction.atomic():
        services.revise(model, {"name": "New"})
        transaction.set_rollback(True)
    assert AIModel.objects.get().name == "Old"
    assert AuditEntry.objects.count() == number


@pytest.mark.parametrize("write", ["save", "delete"])
def test_an_entry_that_can_not_be_written_fails_the_change(
    monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    tier = QualityTierFactory(label="Old")

    def break_down(*_: Any, **__: Any) -> None:
        raise IntegrityError("the trail is full")

    monkeypatch.setattr(AuditEntry, "digest_after", break_down)
    tier.label = "New"
    with pytest.raises(IntegrityError), transaction.atomic():
        getattr(tier, write)()
    assert QualityTier.objects.get().label == "Old"


def test_a_row_that_the_database_refuses_leaves_no_entry() -> None:
    QualityTierFactory(key="4k")
    number = AuditEntry.objects.count()
    with pytest.raises(IntegrityError), transaction.atomic():
        QualityTier(key="4k", label="Twice", cost_multiplier=Decimal(1)).save()
    assert AuditEntry.objects.count() == number


# --- Entries are only ever added -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda: AuditEntry.objects.update(reason="because"),
        lambda: AuditEntry.objects.all().delete(),
        lambda: AuditEntry.objects.bulk_update(list(AuditEntry.objects.all()), ["reason"]),
        lambda: last().save(),
        lambda: last().delete(),
    ],
)
def test_entries_are_neither_changed_nor_deleted(write: Any) -> None:
    QualityTierFactory()
    before = list(AuditEntry.objects.values())
    with pytest.raises(NotAppendOnly):
        write()
    assert list(AuditEntry.objects.values()) == before


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "7", "[" * 100_000])
def test_an_entry_that_was_made_unreadable_tells_of_an_empty_state(text: str) -> None:
    QualityTierFactory()
    untraced(AuditEntry).update(after=text)
    assert last().state_after == {}
