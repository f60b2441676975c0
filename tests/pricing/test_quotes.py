import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models_registry import services
from models_registry.errors import ModelUnavailable
from models_registry.models import AIModel, QualityTier
from pricing import price_book
from pricing.errors import CatalogueBusy, OverLimit, Unpriced
from pricing.models import Layer, PricingPolicy, Rate
from pricing.price_book import Place, PriceBook, read_price_book
from pricing.services import compare, matrix, quote, remove_rate, set_policy
from tests.factories import AIModelFactory, QualityTierFactory, rate, standard_policy, untraced

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def policy():
    return standard_policy()


def credits(model_id: str, quality: str, duration: int) -> int:
    return quote(model_id, quality=quality, duration=duration).credits


class TestQuote:
    def test_it_shows_what_it_was_made_of(self):
        AIModelFactory(model_id="google/veo-3", cost_per_second="0.75", supported_durations=[8])

        made = quote("google/veo-3", quality="high", duration=8)

        assert (made.cost_per_second, made.quality_multiplier) == (Decimal("0.75"), Decimal("1.2"))
        assert (made.cost_usd, made.credits, made.price_usd) == (Decimal("7.2"), 476, Decimal("9.52"))

    def test_a_deprecated_model_is_still_sold(self):
        AIModelFactory(model_id="a/leaving", is_deprecated=True)

        assert credits("a/leaving", "standard", 5) == 60

    @pytest.mark.parametrize("model_id", ["a/draft", "a/retired", "no/such", "a\0b"])
    def test_what_is_not_for_sale_is_unavailable(self, model_id):
        AIModelFactory()
        AIModelFactory(model_id="a/draft", is_active=False)
        services.retire(AIModelFactory(model_id="a/retired"))

        with pytest.raises(ModelUnavailable):
            credits(model_id, "standard", 5)

    def test_the_limit_itself_may_be_sold_and_one_credit_more_may_not(self):
        AIModelFactory(model_id="a/b")
        set_policy({"max_credits_per_generation": 107}, confirmed=True)
        assert credits("a/b", "standard", 9) == 107

        set_policy({"max_credits_per_generation": 106}, confirmed=True)
        with pytest.raises(OverLimit, match="107 credits are above the limit of 106"):
            credits("a/b", "standard", 9)


class TestRates:
    def test_a_rate_replaces_price_and_multiplier(self):
        model = AIModelFactory(model_id="a/b", cost_per_second="0.18")
        rate(model, "ultra", "0.5")

        made = quote("a/b", quality="ultra", duration=5)

        assert (made.cost_per_second, made.quality_multiplier) == (Decimal("0.5"), Decimal(1))
        assert made.credits == 165
        assert credits("a/b", "high", 5) == 72

    def test_without_it_price_and_multiplier_count_again(self):
        model = AIModelFactory(model_id="a/b")
        remove_rate(rate(model, "ultra", "0.5"))

        assert credits("a/b", "ultra", 5) == 90

    def test_setting_it_again_replaces_it(self):
        model = AIModelFactory(model_id="a/b")
        rate(model, "ultra", "0.5")
        rate(model, "ultra", "0.6")

        assert Rate.objects.get().amount == Decimal("0.6")


class TestNeverFree:
    def test_without_a_policy_nothing_is_quoted(self):
        AIModelFactory(model_id="a/b")
        untraced(PricingPolicy).all().delete()

        with pytest.raises(Unpriced):
            credits("a/b", "standard", 5)
        with pytest.raises(Unpriced):
            matrix(AIModel.active.all())

    def test_a_quality_whose_tier_was_deleted_behind_our_back_is_unpriced(self):
        AIModelFactory(model_id="a/b")
        untraced(QualityTier).filter(key="high").delete()

        with pytest.raises(Unpriced):
            credits("a/b", "high", 5)
        assert set(matrix(AIModel.active.all())["a/b"]) == {"standard", "ultra"}

    @pytest.mark.parametrize("duration", [0, -5])
    def test_a_price_that_comes_to_nothing_is_refused(self, duration):
        model = AIModelFactory(model_id="a/b")
        book = read_price_book(AIModel.objects.all())

        with pytest.raises(Unpriced):
            book.quote(model, quality="high", duration=duration)


class TestMatrixAndCompare:
    @pytest.fixture
    def models(self):
        AIModelFactory(model_id="google/veo-3", cost_per_second="0.75", supported_durations=[8])
        AIModelFactory(model_id="luma/ray", cost_per_second="0.18")
        AIModelFactory(model_id="luma/flash", cost_per_second="0.12", supported_qualities=["standard"])
        AIModelFactory(model_id="a/draft", is_active=False)
        AIModelFactory(model_id="a/leaving", is_deprecated=True)

    @pytest.mark.usefixtures("models")
    def test_the_matrix_holds_every_sellable_combination_and_no_other(self):
        assert matrix(AIModel.active.all()) == {
            "google/veo-3": {"standard": {8: 396}, "high": {8: 476}, "ultra": {8: 594}},
            "luma/ray": {
                "standard": {5: 60, 9: 107},
                "high": {5: 72, 9: 129},
                "ultra": {5: 90, 9: 161},
            },
            "luma/flash": {"standard": {5: 40, 9: 72}},
        }

    @pytest.mark.usefixtures("models")
    def test_what_is_above_the_limit_stands_in_neither(self):
        set_policy({"max_credits_per_generation": 100}, confirmed=True)

        assert matrix(AIModel.active.all()) == {
            "luma/ray": {"standard": {5: 60}, "high": {5: 72}, "ultra": {5: 90}},
            "luma/flash": {"standard": {5: 40, 9: 72}},
        }
        assert [o.model.model_id for o in compare(AIModel.active.all(), quality="standard", duration=9)] == [
            "luma/flash"
        ]

    @pytest.mark.usefixtures("models")
    def test_the_cheapest_comes_first(self):
        offers = compare(AIModel.active.all(), quality="standard", duration=5)

        assert [(o.model.model_id, o.quote.credits) for o in offers] == [("luma/flash", 40), ("luma/ray", 60)]

    def test_of_equal_credits_the_cheaper_for_us_comes_first(self):
        AIModelFactory(model_id="a/dear", cost_per_second="0.1801")
        AIModelFactory(model_id="b/cheap", cost_per_second="0.18005")

        offers = compare(AIModel.active.all(), quality="standard", duration=5)

        assert {o.quote.credits for o in offers} == {60}
        assert [o.model.model_id for o in offers] == ["b/cheap", "a/dear"]


class TestPricedAt:
    """The last change that a price rests on: equal prices give equal quotes."""

    PAST = datetime(2020, 1, 1, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def everything_dates_from_the_past(self):
        AIModelFactory(model_id="a/b")
        for table in (AIModel, QualityTier, PricingPolicy):
            table.objects.update(priced_at=self.PAST)
        assert self.priced_at() == self.PAST

    def priced_at(self, quality: str = "high") -> datetime:
        return quote("a/b", quality=quality, duration=5).priced_at

    def test_a_new_price_moves_it(self):
        services.revise(AIModel.objects.get(), {"cost_per_second": "0.2"})
        assert self.priced_at() > self.PAST

    def test_a_new_description_does_not(self):
        services.revise(AIModel.objects.get(), {"description": "New", "tags": ["new"]})
        assert self.priced_at() == self.PAST

    def test_a_new_margin_moves_it_and_a_new_limit_does_not(self):
        set_policy({"max_credits_per_generation": 4_000}, confirmed=True)
        assert self.priced_at() == self.PAST
        set_policy({"profit_margin": Decimal(2)})
        assert self.priced_at() > self.PAST

    def test_a_multiplier_moves_only_the_quality_it_is_of(self):
        untraced(QualityTier).filter(key="high").update(cost_multiplier=Decimal("1.3"))
        assert self.priced_at() > self.PAST
        assert self.priced_at("standard") == self.PAST

    def test_a_rate_moves_it_when_it_comes_and_when_it_goes(self):
        made = rate(AIModel.objects.get(), "high", "0.2")
        assert self.priced_at() > self.PAST
        Rate.objects.update(priced_at=self.PAST)
        assert self.priced_at() == self.PAST

        remove_rate(made)
        assert self.priced_at() > self.PAST


class TestOneConsistentState:
    def test_a_commit_between_two_queries_makes_it_read_again(self, monkeypatch):
        model = AIModelFactory(model_id="a/b")
        rate(model, "ultra", "0.5")
        interrupted = []

        def interrupt_once(self):
            if not interrupted:
                interrupted.append(True)
                services.revise(model, {"cost_per_second": "9"}, confirmed=True)
                remove_rate(Rate.objects.get(), confirmed=True)
            return original(self)

        original = type(QualityTier.objects.all()).__iter__
        monkeypatch.setattr(type(QualityTier.objects.all()), "__iter__", interrupt_once)

        book = read_price_book(AIModel.objects.all())

        assert interrupted
        assert book.rates == {}
        assert book.models[0].cost_per_second == 9

    def test_it_gives_up_with_a_word_when_it_is_never_left_alone(self, monkeypatch):
        model = AIModelFactory()
        monkeypatch.setattr(price_book, "MOST_READINGS", 3)

        def interrupt(self):
            untraced(AIModel).filter(pk=model.pk).update(description="again")
            return original(self)

        original = type(QualityTier.objects.all()).__iter__
        monkeypatch.setattr(type(QualityTier.objects.all()), "__iter__", interrupt)

        with pytest.raises(CatalogueBusy):
            read_price_book(AIModel.objects.all())


def cents(places: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=Decimal(1).scaleb(-places), max_value=most, places=places)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    costs=st.lists(cents(9, 100), min_size=1, max_size=10),
    multipliers=st.lists(cents(6, 10), min_size=3, max_size=3),
    own_rate=cents(9, 100),
    margin=cents(6, 10),
    per_dollar=cents(2, 1_000),
)
def test_random_catalogues_agree_with_exact_rational_arithmetic(
    costs, multipliers, own_rate, margin, per_dollar
):
    """150 random price books with up to ten models of nine combinations each, against fractions."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    qualities = ["standard", "high", "ultra"]
    models = [
        AIModel(
            pk=number,
            model_id=f"a/{number}",
            cost_per_second=cost,
            supported_durations=[1, 14, 3_600],
            supported_qualities=qualities,
            priced_at=now,
        )
        for number, cost in enumerate(costs)
    ]
    book = PriceBook(
        policy=PricingPolicy(
            profit_margin=margin,
            credits_per_dollar=per_dollar,
            max_credits_per_generation=10**12,
            priced_at=now,
        ),
        tiers={
            key: QualityTier(key=key, cost_multiplier=multiplier, priced_at=now)
            for key, multiplier in zip(qualities, multipliers, strict=True)
        },
        rates={Place(0, Layer.OVERRIDE, "ultra"): Rate(quality_id="ultra", amount=own_rate, priced_at=now)},
        models=models,
    )

    quotes = [made for model in models for made in book.sellable(model)]

    assert len(quotes) == len(models) * 9
    for made in quotes:
        number = int(made.model_id.removeprefix("a/"))
        if (number, made.quality) == (0, "ultra"):
            second = Fraction(own_rate)
        else:
            second = Fraction(costs[number]) * Fraction(multipliers[qualities.index(made.quality)])
        exact = second * made.duration * Fraction(margin) * Fraction(per_dollar)
        assert made.credits == ceil(exact)


def test_a_quote_is_a_value():
    QualityTierFactory()
    AIModelFactory(model_id="a/b", supported_qualities=["standard"])

    with pytest.raises(dataclasses.FrozenInstanceError):
        quote("a/b", quality="standard", duration=5).credits = 0  # type: ignore[misc]
