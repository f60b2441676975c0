"""Rates that say more than so many dollars a second in one quality."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from models_registry.models import AIModel, QualityTier
from pricing.errors import OverLimit, RateTie, Unpriced
from pricing.models import Layer, Rate, Unit, UpstreamModel
from pricing.price_book import Quote, read_price_book
from pricing.services import matrix, put_rate, quote, remove_rate
from tests.factories import AIModelFactory, rate, standard_policy
from tests.pricing.random_books import differences

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> AIModel:
    standard_policy()
    return AIModelFactory(model_id="a/b", cost_per_second="0.18")


def put(model: AIModel, amount: str, *, layer: Layer = Layer.OVERRIDE, **values: Any) -> Rate:
    """`quality` and `with_audio` say where."""
    quality = values.pop("quality", None)
    said = {"amount": Decimal(amount), "quality_id": quality, **values}
    return put_rate(model, said, layer=layer, confirmed=True)


def quoted(quality: str = "standard", duration: int = 5, with_audio: bool | None = None) -> Quote:
    return quote("a/b", quality=quality, duration=duration, with_audio=with_audio)


def listed(model: AIModel, cost: str) -> UpstreamModel:
    entry = UpstreamModel(
        model=model,
        list_name="list",
        key=model.model_id,
        cost_per_second=Decimal(cost),
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    entry.save()
    return entry


class TestUnits:
    def test_a_clip_costs_the_same_however_long_it_is(self, model: AIModel) -> None:
        put(model, "2", unit=Unit.CLIP)

        costs = {(made.cost_usd, made.credits) for made in (quoted(duration=5), quoted(duration=9))}

        assert costs == {(Decimal(2), 132)}
        assert quoted().cost_per_second is None
        assert quoted().quality_multiplier == 1

    def test_a_megapixel_second_is_multiplied_by_the_megapixels_of_the_quality(self, model: AIModel) -> None:
        tier = QualityTier.objects.get(key="high")
        tier.megapixels = Decimal("0.9216")
        tier.save()
        put(model, "0.05", unit=Unit.MEGAPIXEL_SECOND, quality="high")

        assert quoted("high").cost_usd == Decimal("0.05") * Decimal("0.9216") * 5

    def test_without_the_megapixels_there_is_no_quote(self, model: AIModel) -> None:
        put(model, "0.05", unit=Unit.MEGAPIXEL_SECOND, quality="high")

        with pytest.raises(Unpriced, match="nobody has said how many"):
            quoted("high")

    def test_an_unknown_unit_is_never_quoted(self, model: AIModel) -> None:
        put(model, "0.05", unit=Unit.UNKNOWN, quality="high")

        with pytest.raises(Unpriced, match="unit"):
            quoted("high")
        assert set(matrix(AIModel.active.all())["a/b"]) == {"standard", "ultra"}

    def test_a_generation_costs_at_least_the_minimum(self, model: AIModel) -> None:
        put(model, "0.1", minimum_charge=Decimal("0.7"))

        assert (quoted(duration=5).cost_usd, quoted(duration=9).cost_usd) == (Decimal("0.7"), Decimal("0.9"))


class TestTheMostSpecificWins:
    def test_a_quality_with_sound_goes_before_the_quality_and_that_before_any(self, model: AIModel) -> None:
        put(model, "0.1")
        put(model, "0.2", quality="high")
        put(model, "0.3", quality="high", with_audio=True)

        assert quoted("high", with_audio=True).cost_per_second == Decimal("0.3")
        assert quoted("high", with_audio=False).cost_per_second == Decimal("0.2")
        assert quoted("high").cost_per_second == Decimal("0.2")
        assert quoted("ultra", with_audio=True).cost_per_second == Decimal("0.1")

    def test_a_rate_for_sound_counts_only_where_somebody_asks_for_sound(self, model: AIModel) -> None:
        put(model, "0.4", with_audio=True)

        assert quoted(with_audio=True).cost_per_second == Decimal("0.4")
        assert quoted().cost_per_second == quoted(with_audio=False).cost_per_second == Decimal("0.18")

    @pytest.mark.parametrize("first", ["quality", "sound"])
    def test_two_that_would_fit_alike_are_refused(self, model: AIModel, first: str) -> None:
        places: dict[str, dict[str, Any]] = {"quality": {"quality": "high"}, "sound": {"with_audio": True}}
        put(model, "0.2", **places.pop(first))

        with pytest.raises(RateTie, match="Set a rate for high with sound first"):
            put(model, "0.3", **next(iter(places.values())))

        assert Rate.objects.count() == 1

    def test_a_rate_for_both_settles_it_and_can_not_go_before_them(self, model: AIModel) -> None:
        settling = put(model, "0.4", quality="high", with_audio=True)
        put(model, "0.2", quality="high")
        put(model, "0.3", with_audio=True)

        assert quoted("high", with_audio=True).cost_per_second == Decimal("0.4")
        with pytest.raises(RateTie):
            remove_rate(settling, confirmed=True)
        assert Rate.objects.count() == 3

    def test_layers_do_not_tie(self, model: AIModel) -> None:
        put(model, "0.2", quality="high")
        put(model, "0.3", with_audio=True, layer=Layer.UPSTREAM)

        assert Rate.objects.count() == 2


class TestLayers:
    def test_a_price_set_by_hand_covers_the_list(self, model: AIModel) -> None:
        put(model, "0.5", quality="high", layer=Layer.UPSTREAM)
        listed(model, "0.17")

        assert quoted("high").cost_per_second == Decimal("0.18")

    def test_a_price_set_by_hand_covers_the_list_that_says_the_same(self, model: AIModel) -> None:
        put(model, "0.5", quality="high", layer=Layer.UPSTREAM)
        entry = listed(model, "0.18")
        entry.follows = False
        entry.save()

        assert quoted("high").cost_per_second == Decimal("0.18")

    def test_the_list_counts_for_a_model_that_follows_it(self, model: AIModel) -> None:
        put(model, "0.5", quality="high", layer=Layer.UPSTREAM)
        listed(model, "0.18")

        assert (quoted("high").cost_per_second, quoted("high").quality_multiplier) == (Decimal("0.5"), 1)
        assert quoted("ultra").cost_usd == Decimal("0.18") * Decimal("1.5") * 5

    def test_a_rate_set_by_hand_covers_the_list(self, model: AIModel) -> None:
        put(model, "0.5", quality="high", layer=Layer.UPSTREAM)
        put(model, "0.4", quality="high")
        listed(model, "0.18")

        assert quoted("high").cost_per_second == Decimal("0.4")
        remove_rate(Rate.objects.by_hand().get(), confirmed=True)
        assert quoted("high").cost_per_second == Decimal("0.5")

    def test_a_quote_names_its_row(self, model: AIModel) -> None:
        own = rate(model, "high", "0.4")

        assert quoted("high").basis.row_name.startswith(f"rate:{own.pk}@20")
        assert quoted("ultra").basis.row_name.startswith(f"model:{model.pk}@20")


class TestLimits:
    @pytest.mark.parametrize(("longest", "is_sold"), [(5, True), (4, False)])
    def test_longer_generations_are_not_sold(self, model: AIModel, longest: int, is_sold: bool) -> None:
        standard_policy(max_duration_per_generation=longest)

        assert (5 in matrix(AIModel.active.all()).get("a/b", {}).get("standard", {})) is is_sold
        if not is_sold:
            with pytest.raises(OverLimit, match="5 s is above the limit of 4 s"):
                quoted()

    @pytest.mark.parametrize(("dearest", "is_sold"), [("0.27", True), ("0.269999999", False)])
    def test_dearer_seconds_are_not_sold(self, model: AIModel, dearest: str, is_sold: bool) -> None:
        standard_policy(max_cost_per_second=Decimal(dearest))

        assert ("ultra" in matrix(AIModel.active.all())["a/b"]) is is_sold
        if not is_sold:
            with pytest.raises(OverLimit, match="a second is above the limit"):
                quoted("ultra")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("amount", {"amount": "0"}),
        ("amount", {"amount": "-1"}),
        ("amount", {"amount": "100.1"}),
        ("amount", {"amount": "0.0000000001"}),
        ("unit", {"amount": "1", "unit": "call"}),
        ("minimum_charge", {"amount": "1", "minimum_charge": Decimal(-1)}),
        ("quality", {"amount": "1", "quality": "8k"}),
    ],
)
def test_a_bad_rate_is_refused_by_field(model: AIModel, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        put(model, **values)

    assert list(refused.value.message_dict) == [field]
    assert not Rate.objects.exists()


def test_the_same_rate_again_changes_nothing(model: AIModel) -> None:
    first = put(model, "0.4", quality="high", note="As agreed")
    again = put(model, "0.40", quality="high", note="As agreed")

    assert (again.pk, again.priced_at) == (first.pk, first.priced_at)


def test_every_kind_of_rate_is_read_in_four_queries(model: AIModel, django_assert_num_queries: Any) -> None:
    for layer, quality, sound in product(Layer, ("high", "ultra"), (True, None)):
        put(model, "0.4", layer=layer, quality=quality, with_audio=sound)

    with django_assert_num_queries(4):
        book = read_price_book(AIModel.objects.all())

    assert len(book.rates) == 8


@pytest.mark.slow
def test_random_price_books_agree_with_an_oracle_in_fractions() -> None:
    compared, found = differences(600)

    assert (found[:5], compared > 30_000) == ([], True)
