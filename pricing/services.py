"""What pricing does: quotes to read, rates and the policy to write."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from models_registry.errors import ModelUnavailable, UnsupportedDuration, UnsupportedQuality
from models_registry.models import AIModel, CatalogueRevision
from models_registry.querysets import AIModelQuerySet
from models_registry.validation import check_capability
from models_registry.values import shown
from pricing.models import PricingPolicy, Rate
from pricing.price_book import Quote, read_price_book

Matrix = dict[str, dict[str, dict[int, int]]]  # model_id → quality → seconds → credits


@dataclass(frozen=True)
class Offer:
    """A model beside its quote, as a row of a comparison."""

    model: AIModel
    quote: Quote


def quote(model_id: str, *, quality: str, duration: int) -> Quote:
    """Price one generation of `duration` seconds.

    Raises ModelUnavailable, UnsupportedDuration, UnsupportedQuality, OverLimit, Unpriced or CatalogueBusy.
    """
    book = read_price_book(AIModel.objects.sold().with_model_id(model_id))
    if not book.models:
        raise ModelUnavailable(f"No model {shown(model_id)} is for sale.", field="model_id")
    model = book.models[0]
    capability = check_capability(model_id, model, duration=duration, quality=quality)
    if not capability.valid:
        is_duration = capability.code == UnsupportedDuration.code
        error = UnsupportedDuration if is_duration else UnsupportedQuality
        raise error(
            capability.reason or "",
            field="duration" if is_duration else "quality",
            alternatives=capability.alternatives,
        )
    return book.quote(model, quality=quality, duration=duration)


def matrix(models: AIModelQuerySet) -> Matrix:
    """The credits of every combination of `models` that can be sold, and of no other."""
    book = read_price_book(models)
    prices: Matrix = {}
    for model in book.models:
        for sold in book.sellable(model):
            prices.setdefault(model.model_id, {}).setdefault(sold.quality, {})[sold.duration] = sold.credits
    return prices


def compare(models: AIModelQuerySet, *, quality: str, duration: int) -> list[Offer]:
    """Those of `models` that can make and sell it, cheapest first; of equal credits the cheaper for us."""
    book = read_price_book(models.by_quality(quality).by_duration(duration))
    quotes = ((model, book.sale(model, quality=quality, duration=duration)) for model in book.models)
    offers = [Offer(model, sold) for model, sold in quotes if sold is not None]
    return sorted(offers, key=lambda o: (o.quote.credits, o.quote.cost_usd, o.model.model_id))


@transaction.atomic
def set_rate(model: AIModel, *, quality: str, cost_per_second: Decimal) -> Rate:
    """Price `model` in `quality` by its own rate. Raises ValidationError, keyed by field."""
    CatalogueRevision.objects.lock()
    rate = Rate.objects.filter(model=model, quality__key=quality).first()
    if rate is None:
        rate = Rate(model=model, quality_id=quality)
    elif rate.cost_per_second == cost_per_second:
        return rate
    rate.cost_per_second = cost_per_second
    # The lock has settled what is unique, and the validators say what the constraints guard.
    rate.full_clean(exclude=["model"], validate_unique=False, validate_constraints=False)
    rate.save()
    return rate


@transaction.atomic
def remove_rate(rate: Rate) -> None:
    """Let the model's price and the quality's multiplier count again; its quotes date from now on."""
    CatalogueRevision.objects.lock()
    rate.delete()


@transaction.atomic
def set_policy(values: Mapping[str, Any]) -> PricingPolicy:
    """Put the one policy in force, or change some of it. Raises ValidationError, keyed by field."""
    CatalogueRevision.objects.lock()
    policy = PricingPolicy.objects.first() or PricingPolicy()
    for name, value in values.items():
        setattr(policy, name, value)
    policy.full_clean(validate_unique=False)
    policy.save()
    return policy
