from decimal import Decimal

import pytest

from models_registry.models import AIModel, QualityTier
from pricing.models import Rate
from pricing.price_book import read_price_book
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
