"""Price books of any moment: what was, from the ledger; what will be, from what is scheduled."""

from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any

from models_registry import lifecycle, turning
from models_registry.choices import Status
from models_registry.models import AIModel
from models_registry.services import carry_out_what_is_due
from pricing.ledger import price_book_at
from pricing.models import Layer, PricingPolicy, Rate
from pricing.price_book import Place, PriceBook, read_book_with_or_without_policy
from pricing.schedule.deeds import Deed, deed_of, values_of
from pricing.schedule.models import Kind, ScheduledChange


def book_at(model_ids: Collection[str], at: datetime) -> PriceBook:
    """The book with the models of these ids, as it stood at `at` or, as far as is known, will stand then.

    Raises CatalogueBusy.
    """
    carry_out_what_is_due()
    if at <= turning.clock():
        return price_book_at(model_ids, at)
    present = read_book_with_or_without_policy(AIModel.objects.with_model_ids(model_ids))
    keys = [model.pk for model in present.models]
    to_come = ScheduledChange.objects.pending().filter(effective_from__lte=at).touching(keys)
    return without_gone(foreseen(present, to_come.select_related("model").in_turn()), at)


def without_gone(book: PriceBook, at: datetime) -> PriceBook:
    """`book` with those models off sale whose sunset has come by `at`."""
    gone = {model.pk for model in book.models if _goes_by(model, at)}
    models = [_with(model, Status.RETIRED.flags) if model.pk in gone else model for model in book.models]
    return replace(book, models=models)


def _goes_by(model: AIModel, at: datetime) -> bool:
    """A default without an heir stays past its sunset."""
    has_come = model.is_active and lifecycle.has_passed(model.sunset_at, now=at)
    return has_come and not (model.is_default and lifecycle.heir_of(model) is None)


def foreseen(book: PriceBook, changes: Iterable[ScheduledChange]) -> PriceBook:
    """`book` behind `changes`, in their order. Nothing is stored, and nobody asks whether they will fit."""
    for change in changes:
        book = behind(book, deed_of(change), change.effective_from)
    return book


def behind(book: PriceBook, deed: Deed, moment: datetime) -> PriceBook:
    """`book` once `deed` is done at `moment`."""
    values = values_of(deed) | {"priced_at": moment}
    if deed.kind == Kind.POLICY:
        return replace(book, policy=_with(book.policy or PricingPolicy(), values))
    if deed.kind == Kind.MULTIPLIER:
        tier = book.tiers.get(deed.quality)
        return book if tier is None else replace(book, tiers={**book.tiers, tier.key: _with(tier, values)})
    if deed.model is None:
        return book
    if deed.kind == Kind.PRICE:
        return _with_model(book, deed.model.pk, values)
    place = Place(deed.model.pk, Layer.OVERRIDE, deed.quality or None, deed.with_audio)
    rates = {known: rate for known, rate in book.rates.items() if known != place}
    if deed.kind == Kind.RATE_REMOVED:
        return _with_model(replace(book, rates=rates), deed.model.pk, {"priced_at": moment})
    standing = book.rates.get(place)
    rate = Rate(
        pk=standing.pk if standing else None,
        model=deed.model,
        quality_id=place.quality,
        with_audio=place.with_audio,
        **values,
    )
    return replace(book, rates={**rates, place: rate})


def _with_model(book: PriceBook, pk: int, values: dict[str, Any]) -> PriceBook:
    return replace(book, models=[_with(model, values) if model.pk == pk else model for model in book.models])


def _with(row: Any, values: dict[str, Any]) -> Any:
    changed = copy(row)
    for name, value in values.items():
        setattr(changed, name, value)
    return changed
