"""Prices of many models changed at once leave what the same changes leave one after the other."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from models_registry import services as catalogue
from models_registry.audit import storing
from models_registry.audit.models import AuditEntry
from models_registry.errors import ConfirmationRequired, StaleModel
from models_registry.models import AIModel
from pricing import services
from pricing.errors import RateTie
from pricing.many import NewPrices, change_prices
from pricing.models import Rate
from tests.both_ways import left_by, queries_of
from tests.factories import AIModelFactory, rate, standard_policy

pytestmark = pytest.mark.django_db

Wanted = Sequence[tuple[AIModel, Decimal | None, Mapping[str, Decimal]]]


@pytest.fixture(autouse=True)
def policy() -> None:
    standard_policy(max_cost_per_second=Decimal(50))


@pytest.fixture
def models() -> list[AIModel]:
    models: list[AIModel] = AIModelFactory.create_batch(3)
    for model in models[:2]:
        rate(model, "high", "0.4")
        rate(model, "ultra", "0.5")
    return models


def one_by_one(wanted: Wanted) -> None:
    for model, price, rates in wanted:
        if price is not None:
            catalogue.revise(model, {"cost_per_second": price}, confirmed=True)
        for quality, amount in rates.items():
            services.set_rate(model, quality=quality, cost_per_second=amount, confirmed=True)


def at_once(wanted: Wanted, *, confirmed: bool = True) -> None:
    change_prices([NewPrices(*one) for one in wanted], confirmed=confirmed)


@pytest.mark.parametrize("rows", [1, 2, 200])
def test_it_leaves_the_same_both_ways(
    models: list[AIModel], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "ROWS_A_STATEMENT", rows)
    services.put_rate(models[0], {"quality_id": "high", "amount": Decimal("0.4"), "note": "By hand"})
    d = Decimal
    wanted: Wanted = [
        (models[0], d("0.2"), {"high": d("0.6"), "ultra": d("0.50")}),
        (models[1], None, {"ultra": d("0.123456789"), "high": d("0.4")}),
        (models[2], d("0.18"), {}),
    ]
    assert left_by(lambda: at_once(wanted)) == left_by(lambda: one_by_one(wanted))


def test_a_new_rate_is_recorded_between_those_beside_it(models: list[AIModel]) -> None:
    at_once([(models[2], Decimal("0.2"), {"high": Decimal("0.3")}), (models[0], Decimal("0.3"), {})])
    newest = [(e.kind, e.subject, e.action) for e in AuditEntry.objects.order_by("-number")[:3]]
    ids = [model.model_id for model in models]
    assert newest == [("model", ids[0], "change"), ("rate", ids[2], "create"), ("model", ids[2], "change")]
    assert Rate.objects.get(model=models[2]).amount == Decimal("0.3")


@pytest.mark.parametrize(
    ("price", "rates", "field"),
    [
        ("0", {}, "cost_per_second"),
        ("51", {}, "cost_per_second"),
        (None, {"high": "0"}, "amount"),
        (None, {"high": "51"}, "amount"),
        (None, {"8k": "0.5"}, "quality"),
    ],
)
def test_one_that_breaks_a_rule_undoes_all(
    models: list[AIModel], price: str | None, rates: dict[str, str], field: str
) -> None:
    amounts = {quality: Decimal(amount) for quality, amount in rates.items()}
    wanted: Wanted = [
        (models[0], Decimal("0.2"), {}),
        (models[1], None if price is None else Decimal(price), amounts),
    ]
    number = AuditEntry.objects.count()
    with pytest.raises(ValidationError) as refusal:
        at_once(wanted)
    with pytest.raises(ValidationError) as refusal_of_one:
        one_by_one(wanted[1:])
    assert refusal.value.message_dict == refusal_of_one.value.message_dict
    assert field in refusal.value.message_dict
    assert AuditEntry.objects.count() == number
    assert AIModel.objects.get(pk=models[0].pk).cost_per_second == Decimal("0.18")


def test_a_tie_undoes_all(models: list[AIModel]) -> None:
    # Both would be for high with sound, which nothing settles.
    services.put_rate(
        models[2], {"quality_id": None, "with_audio": True, "amount": Decimal(1)}, confirmed=True
    )
    with pytest.raises(RateTie):
        at_once([(models[0], Decimal("0.2"), {}), (models[2], None, {"high": Decimal("0.4")})])
    assert AIModel.objects.get(pk=models[0].pk).cost_per_second == Decimal("0.18")


def test_what_is_unusual_has_to_be_confirmed(models: list[AIModel]) -> None:
    for wanted in [(models[0], Decimal(9), {}), (models[0], None, {"high": Decimal(9)})]:
        with pytest.raises(ConfirmationRequired):
            at_once([wanted], confirmed=False)


@pytest.mark.parametrize("change", [(Decimal("0.2"), {}), (None, {"high": Decimal("0.5")})])
def test_a_model_that_changed_since_it_was_seen_undoes_all(
    models: list[AIModel], change: tuple[Decimal | None, Mapping[str, Decimal]]
) -> None:
    catalogue.revise(models[1], {"name": "Newer"})
    with pytest.raises(StaleModel):
        at_once([(models[0], Decimal("0.2"), {}), (models[1], *change)])
    assert AIModel.objects.get(pk=models[0].pk).cost_per_second == Decimal("0.18")


def test_more_models_cost_no_more_queries() -> None:
    models: list[AIModel] = AIModelFactory.create_batch(8)
    for model in models:
        rate(model, "high", "0.4")
    wanted: list[Any] = [
        (model, Decimal(n + 2) / 10, {"high": Decimal(n + 3) / 10}) for n, model in enumerate(models)
    ]
    few = queries_of(lambda: at_once(wanted[:2]))
    assert queries_of(lambda: at_once(wanted)) == few == 19
