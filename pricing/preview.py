"""What would become of prices, and of what they bring in, if something were changed; nothing is stored."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from models_registry.errors import ModelUnavailable
from models_registry.models import AIModel, QualityTier
from models_registry.usage.recent import LATELY, Made, combinations_lately, last_days
from models_registry.usage.windows import Window
from models_registry.values import shown
from pricing import calculator
from pricing.models import Layer, PricingPolicy, Rate
from pricing.moves import Comparison, Move, moves
from pricing.price_book import NEVER, Place, PriceBook, Rates, read_price_book

Row = TypeVar("Row", PricingPolicy, QualityTier, AIModel)


@dataclass(frozen=True)
class SupposedModel:
    """What would be changed of one model. Of its rates, None takes one away; the others stay."""

    model_id: str
    cost_per_second: Decimal | None = None  # None: as it is
    rates: Mapping[str, Decimal | None] = field(default_factory=dict)  # by quality, dollars a second


@dataclass(frozen=True)
class Supposition:
    """What would be changed: columns of the policy, columns of tiers (by key), models."""

    policy: Mapping[str, Any] = field(default_factory=dict)
    tiers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    models: Sequence[SupposedModel] = ()

    @property
    def is_about_all(self) -> bool:
        return bool(self.policy or self.tiers)


@dataclass(frozen=True)
class Takings:
    """What some generations brought in, or would: at the prices before and after a change."""

    window: Window
    generations: int  # that have a price before and after
    unpriced: int  # whose combination nobody said, or that is not sold before or after
    credits: tuple[int, int]
    dollars: tuple[Decimal, Decimal]

    @property
    def difference(self) -> Decimal:
        before, after = self.dollars
        return calculator.EXACT.subtract(after, before)


@dataclass(frozen=True)
class WhatIf(Comparison):
    """What becomes of combinations, and of the takings of the last 30 days."""

    takings: Takings


def preview(supposition: Supposition, *, now: datetime) -> WhatIf:
    """What would become of all models on sale and, whatever their status, of those that are named.

    Without a change of policy or tiers, of those alone. Five queries. Raises ModelUnavailable for an unknown
    id, ValidationError for an unknown quality, Unpriced without a policy, CatalogueBusy.
    """
    named = AIModel.objects.filter(model_id__in=[one.model_id for one in supposition.models])
    book = read_price_book(AIModel.objects.sold() | named if supposition.is_about_all else named)
    refuse_unknown(supposition, book)
    keys = None if supposition.is_about_all else [model.pk for model in book.models]
    return compared(book, supposed(book, supposition), keys, now=now)


def compared(before: PriceBook, after: PriceBook, models: Collection[int] | None, *, now: datetime) -> WhatIf:
    """`models` are those whose generations count, by primary key; None: all."""
    found = list(moves(before, after))
    used = combinations_lately(models, now=now)
    return WhatIf(found, _takings(found, used, before, after, window=last_days(LATELY, now=now)))


def _takings(
    found: Iterable[Move], used: Iterable[Made], before: PriceBook, after: PriceBook, *, window: Window
) -> Takings:
    by_place = {(move.model.pk, move.quality, move.duration): move for move in found}
    generations = unpriced = was = now = 0
    for model, quality, duration, number in used:
        move = by_place.get((model, quality, duration))
        if move is None or move.before is None or move.after is None:
            unpriced += number
            continue
        generations += number
        was += number * move.before
        now += number * move.after
    dollars = (_dollars(was, before.policy), _dollars(now, after.policy))
    return Takings(window, generations, unpriced, (was, now), dollars)


def _dollars(credits: int, policy: PricingPolicy | None) -> Decimal:
    return calculator.dollars(credits, policy.credits_per_dollar) if policy else Decimal(0)


# --- Supposing -------------------------------------------------------------------------------------------


def supposed(book: PriceBook, supposition: Supposition) -> PriceBook:
    """The book as it would be."""
    tiers = {key: changed(book.tiers[key], columns) for key, columns in supposition.tiers.items()}
    costs = {
        one.model_id: {"cost_per_second": one.cost_per_second}
        for one in supposition.models
        if one.cost_per_second is not None
    }
    models = [changed(model, costs.get(model.model_id, {})) for model in book.models]
    return replace(
        book,
        policy=changed(book.policy, supposition.policy) if book.policy else None,
        tiers={**book.tiers, **tiers},
        models=models,
        rates=_supposed_rates(book, supposition),
    )


def changed(row: Row, columns: Mapping[str, Any]) -> Row:
    draft = copy(row)
    for name, value in columns.items():
        setattr(draft, name, value)
    return draft


def _supposed_rates(book: PriceBook, supposition: Supposition) -> Rates:
    rates, wanted = dict(book.rates), {one.model_id: one.rates for one in supposition.models}
    for model in book.models:
        for quality, amount in wanted.get(model.model_id, {}).items():
            place = Place(model.pk, Layer.OVERRIDE, quality)
            rates.pop(place, None)
            if amount is not None:
                rates[place] = Rate(model=model, quality_id=quality, amount=amount, priced_at=NEVER)
    return rates


def refuse_unknown(supposition: Supposition, book: PriceBook) -> None:
    """Raise ValidationError or ModelUnavailable, keyed by the place in the body of the API."""
    places = [(f"multipliers.{key}", key) for key in supposition.tiers]
    places += [
        (f"models.{number}.rates.{key}", key)
        for number, one in enumerate(supposition.models)
        for key in one.rates
    ]
    known = ", ".join(book.tiers)
    unknown = {
        place: [ValidationError(f"There is no quality {shown(key)}. There are: {known}.", "unknown_quality")]
        for place, key in places
        if key not in book.tiers
    }
    if unknown:
        raise ValidationError(unknown)
    there = {model.model_id for model in book.models}
    for number, one in enumerate(supposition.models):
        if one.model_id not in there:
            told = f"There is no model {shown(one.model_id)}."
            raise ModelUnavailable(told, field=f"models.{number}.model_id")
