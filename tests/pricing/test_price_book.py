from decimal import Decimal

import pytest

from models_registry.models import AIModel, QualityTier
from pricing.errors import Unpriced
from pricing.models import Rate
from pricing.price_book import read_book_with_or_without_policy, read_price_book
from tests.factories import AIModelFactory, rate, standard_policy, untraced

pytestmark = pytest.mark.django_db


def test_combinations_tell_what_is_sold_and_why_the_rest_is_not() -> None:
    standard_policy(max_credits_per_generation=100)
    model = AIModelFactory(supported_qualities=["standard", "high"])
    untraced(QualityTier).filter(key="high").delete()
    [one, two, *rest] = read_price_book(AIModel.objects.all()).combinations(model)
    assert (one.quality, one.duration, one.quote and one.quote.credits) == ("standard", 5, 60)
    assert (two.duration, two.quote) == (9, None)
    assert "above the limit of 100" in two.problem
    assert [(c.quality, c.duration, c.quote) for c in rest] == [("high", 5, None), ("high", 9, None)]
    assert "neither a rate nor a multiplier" in rest[0].problem


def test_a_price_is_looked_at_before_it_is_changed() -> None:
    standard_policy()
    model = AIModelFactory(supported_durations=[5])
    rate(model, "high", "1")
    book = read_price_book(AIModel.objects.all())
    supposed = AIModel.objects.get()
    supposed.cost_per_second = Decimal("0.36")
    supposing = book.supposing(supposed, rates={"ultra": Decimal("0.5")})
    credits = [c.quote.credits for c in supposing.combinations(supposed) if c.quote]
    assert credits == [119, 143, 165]
    assert [c.quote.credits for c in book.combinations(model) if c.quote] == [60, 330, 90]
    assert Rate.objects.get().quality_id == "high"


def test_a_model_that_is_not_stored_yet_has_prices() -> None:
    policy = standard_policy()
    AIModelFactory()
    draft = AIModel(
        model_id="new",
        cost_per_second=Decimal("0.18"),
        supported_durations=[5],
        supported_qualities=["standard", "ultra"],
    )
    book = read_price_book(AIModel.objects.none()).supposing(draft, rates={"ultra": Decimal(1)})
    quotes = [c.quote for c in book.combinations(draft) if c.quote]
    assert [quote.credits for quote in quotes] == [60, 330]
    assert [str(quote.priced_at.year) for quote in quotes] == [str(policy.priced_at.year)] * 2


def test_many_models_are_looked_at_together() -> None:
    standard_policy()
    one, other, third = (AIModelFactory(supported_durations=[5]) for _ in range(3))
    rate(one, "high", "1")
    rate(third, "high", "1")
    book = read_price_book(AIModel.objects.all())
    supposed = book.supposing_all([(one, {}), (other, {"high": Decimal("0.5")})])
    credits = [
        [c.quote.credits for c in supposed.combinations(model) if c.quote] for model in (one, other, third)
    ]
    assert credits == [[60, 72, 90], [60, 165, 90], [60, 330, 90]]
    assert book.rates_of(one) == {"high": Decimal(1)}


def test_without_a_policy_a_book_can_be_read_but_nothing_in_it_is_sold() -> None:
    model = AIModelFactory(supported_durations=[5], supported_qualities=["high"])
    rate(model, "high", "1")
    with pytest.raises(Unpriced):
        read_price_book(AIModel.objects.all())
    book = read_book_with_or_without_policy(AIModel.objects.all())
    [combination] = book.combinations(model)
    assert combination.quote is None
    assert "There is no pricing policy" in combination.problem
    assert list(book.sellable(model)) == []
    assert book.rates_of(model) == {"high": Decimal(1)}
