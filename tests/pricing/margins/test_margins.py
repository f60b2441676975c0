"""Margins against an oracle of fractions, and what of the usage stands beside them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from models_registry import services
from models_registry.models import AIModel
from models_registry.usage.recording import record_many
from pricing.margins.margin import Margin
from pricing.margins.watch import margin_report
from pricing.models import Layer, UpstreamModel
from pricing.price_book import read_price_book
from pricing.services import put_rate, set_policy
from tests.factories import (
    AIModelFactory,
    QualityTierFactory,
    rate,
    standard_policy,
    standard_tiers,
    untraced,
)

pytestmark = pytest.mark.django_db


def report(**wanted: Any) -> list[Margin]:
    return margin_report(AIModel.objects.sold(), now=timezone.now(), **wanted)


def row(model: AIModel, quality: str = "standard") -> Margin:
    [found] = [one for one in report() if (one.model.pk, one.quality) == (model.pk, quality)]
    return found


def listed(model: AIModel, cost_per_second: str | None = None, **rates: str) -> None:
    """Let a price list have the model: at a base price, and at rates by quality."""
    UpstreamModel.objects.create(
        model=model,
        list_name="list",
        key=model.model_id,
        fetched_at=timezone.now(),
        cost_per_second=None if cost_per_second is None else Decimal(cost_per_second),
    )
    for quality, amount in rates.items():
        put_rate(
            model, {"quality_id": quality, "amount": Decimal(amount)}, layer=Layer.UPSTREAM, confirmed=True
        )


def half_up(percent: Fraction) -> Decimal:
    hundredths = floor(abs(percent) * 100 + Fraction(1, 2))
    return Decimal(hundredths if percent >= 0 else -hundredths) / 100


@pytest.mark.parametrize("per_dollar", ["50", "30", "0.7"])
def test_every_number_is_as_fractions_have_it(per_dollar):
    policy = standard_policy(credits_per_dollar=Decimal(per_dollar), target_margin=Decimal("24.25"))
    for number, cost in enumerate(("0.18", "0.75", "0.013333333", "0.0007")):
        model = AIModelFactory(cost_per_second=cost, supported_durations=[1, 5, 7, 9])
        if number % 2:
            listed(model, "0.2", high="0.19")
    quotes = read_price_book(AIModel.objects.all())
    margin_factor, credit = Fraction(policy.profit_margin), Fraction(policy.credits_per_dollar)

    for found in report():
        model, quality = found.model, found.quality
        multiplier = Fraction(quotes.tiers[quality].cost_multiplier)
        own = Fraction(AIModel.objects.get(pk=model.pk).cost_per_second) * multiplier
        upstream = {"high": Fraction(19, 100)}.get(quality, Fraction(1, 5) * multiplier)
        true = max(own, upstream) if UpstreamModel.objects.filter(model=model).exists() else own
        left = {}
        for seconds in model.supported_durations:
            credits = -floor(-own * seconds * margin_factor * credit)
            left[seconds] = (1 - true * seconds * credit / credits) * 100
        least = min(left.values())
        assert left[found.quote.duration] == least, (model, quality)
        assert found.quote.duration == min(s for s in left if left[s] == least)
        assert found.margin_percent == half_up(least)
        assert Fraction(found.cost_usd) == true * found.quote.duration
        assert found.margin_usd == found.quote.price_usd - found.cost_usd
        assert found.is_under_target == (least < Fraction("24.25"))
        assert found.is_loss == (least < 0)


class TestCost:
    def test_a_price_set_by_hand_below_the_list_is_a_loss_when_the_list_asks_more_than_customers_pay(self):
        standard_policy()
        model = AIModelFactory(cost_per_second="0.18", supported_durations=[5])
        listed(model, "0.3")

        found = row(model)

        assert (found.quote.cost_usd, found.listed_cost_usd) == (Decimal("0.9"), Decimal("1.5"))
        assert (found.cost_usd, found.quote.price_usd) == (Decimal("1.5"), Decimal("1.2"))
        assert (found.margin_usd, found.margin_percent) == (Decimal("-0.3"), Decimal("-25.00"))
        assert found.is_loss
        assert found.is_listed_above_price

    def test_one_above_the_list_is_what_it_costs(self):
        standard_policy()
        model = AIModelFactory(cost_per_second="0.18", supported_durations=[5])
        listed(model, "0.1")

        assert row(model).cost_usd == Decimal("0.9")
        assert not row(model).is_loss

    def test_a_rate_of_the_list_counts_for_its_quality_alone(self):
        standard_policy()
        model = AIModelFactory(cost_per_second="0.18", supported_durations=[5])
        rate(model, "high", "0.2")
        listed(model, high="0.5")

        assert row(model, "high").listed_cost_usd == Decimal("2.5")
        assert row(model, "standard").listed_cost_usd is None

    def test_a_list_price_in_a_unit_that_nobody_can_count_is_none(self):
        standard_policy()
        model = AIModelFactory(supported_durations=[5])
        put_rate(model, {"amount": Decimal(1), "unit": "unknown"}, layer=Layer.UPSTREAM, confirmed=True)

        assert row(model).listed_cost_usd is None

    def test_sound_is_looked_at_where_a_list_tells_it_apart(self):
        standard_policy()
        model = AIModelFactory(cost_per_second="0.18", supported_durations=[5])
        put_rate(model, {"amount": Decimal("0.4"), "with_audio": True}, layer=Layer.UPSTREAM, confirmed=True)

        found = row(model)

        assert (found.quote.with_audio, found.listed_cost_usd) == (True, Decimal(2))
        assert found.is_loss

    def test_a_clip_of_one_price_leaves_the_same_whatever_its_length(self):
        standard_policy()
        model = AIModelFactory(supported_durations=[5, 9])
        put_rate(model, {"amount": Decimal(2), "unit": "clip"}, confirmed=True)

        assert (row(model).quote.duration, row(model).cost_usd) == (5, Decimal(2))

    def test_a_factor_below_one_is_a_loss_without_any_list(self):
        standard_policy(profit_margin=Decimal("0.5"))
        model = AIModelFactory()

        assert row(model).is_loss
        assert not row(model).is_listed_above_price


class TestTarget:
    def test_without_one_nothing_is_under_it(self):
        standard_policy()
        model = AIModelFactory()

        assert not row(model).is_under_target
        assert report(under_target=True) == []

    def test_just_on_it_is_not_under_it_and_a_hair_below_is(self):
        standard_policy(profit_margin=Decimal("1.25"), target_margin=Decimal(20))
        even = AIModelFactory(cost_per_second="0.08", supported_durations=[1])
        assert (row(even).margin_percent, row(even).is_under_target) == (Decimal("20.00"), False)

        listed(even, "0.080000001")

        assert (row(even).margin_percent, row(even).is_under_target) == (Decimal("20.00"), True)

    def test_a_target_that_moves_moves_the_report(self):
        standard_policy()
        AIModelFactory(supported_qualities=["standard"])

        set_policy({"target_margin": Decimal(99)})

        assert len(report(under_target=True)) == 1


class TestRows:
    def test_only_what_is_sold_is_there(self):
        standard_policy(max_credits_per_generation=100)
        AIModelFactory(model_id="a/first", supported_qualities=["standard", "high"])
        AIModelFactory(model_id="a/dear", cost_per_second="90")
        AIModelFactory(model_id="a/draft", is_active=False)
        AIModelFactory(model_id="a/going", is_deprecated=True, supported_qualities=["ultra"])
        services.retire(AIModelFactory(model_id="a/gone"))

        found = sorted((one.model.model_id, one.quality) for one in report())

        assert found == [("a/first", "high"), ("a/first", "standard"), ("a/going", "ultra")]

    def test_the_least_margin_comes_first_and_the_other_way_round(self):
        standard_policy()
        for cost in ("0.18", "0.0007", "0.75"):
            AIModelFactory(cost_per_second=cost, supported_qualities=["standard"])

        percents = [one.margin_percent for one in report()]

        assert percents == sorted(percents)
        assert [one.margin_percent for one in report(ordering="-margin_percent")] == percents[::-1]

    def test_it_takes_five_queries_for_ten_models_and_for_two_hundred(self):
        standard_policy()
        prototype = services.state(AIModelFactory(model_id="a/first"))
        counts = []
        for number in (10, 200):
            untraced(AIModel).bulk_create(
                AIModel(**{**prototype, "model_id": f"b/{number}-{n}", "is_default": False})
                for n in range(number)
            )
            with CaptureQueriesContext(connection) as queries:
                assert len(report()) >= 3 * number
            counts.append(len(queries))

        assert counts == [5, 5]


def generate(model: AIModel, number: int, *, days_ago: int = 0, **said: Any) -> None:
    finished_at = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
    items = [
        {
            "model_id": model.model_id,
            "generation_id": f"{model.pk}-{days_ago}-{n}-{sorted(said.items())}",
            "generation_time": "5",
            "success": True,
            "finished_at": finished_at,
            **said,
        }
        for n in range(number)
    ]
    assert record_many(items).recorded == number


class TestVolume:
    def test_it_is_of_the_last_30_days_at_the_prices_of_today(self):
        standard_policy()
        model = AIModelFactory(supported_durations=[5, 9])
        generate(model, 3, quality="standard", duration=5, credits=60)
        generate(model, 2, quality="standard", duration=9, days_ago=29)
        generate(model, 4, quality="standard", duration=5, days_ago=30)
        generate(model, 1, quality="high", duration=5)

        volume = row(model).volume

        assert (volume.generations, volume.credits) == (5, 180)
        assert volume.value_usd == 3 * Decimal("1.2") + 2 * Decimal("2.14")
        assert row(model, "high").volume.generations == 1
        assert row(model, "ultra").volume.generations == 0

    def test_lengths_that_are_not_sold_now_have_no_price_and_unsaid_credits_are_unknown(self):
        standard_policy()
        model = AIModelFactory(supported_durations=[5])
        generate(model, 1, quality="standard", duration=7)
        generate(model, 1, quality="standard")

        volume = row(model).volume

        assert (volume.generations, volume.credits, volume.value_usd) == (2, None, 0)


def test_a_picture_of_unknown_size_has_no_margin_and_breaks_nothing():
    standard_policy()
    standard_tiers()
    QualityTierFactory(key="720p")
    model = AIModelFactory(supported_qualities=["standard", "720p"])
    put_rate(model, {"quality_id": "720p", "amount": Decimal(1), "unit": "megapixel_second"}, confirmed=True)

    assert [one.quality for one in report()] == ["standard"]
