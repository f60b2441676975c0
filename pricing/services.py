"""What pricing does: quotes to read, rates and the policy to write."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from models_registry.errors import ModelUnavailable, UnsupportedDuration, UnsupportedQuality
from models_registry.models import AIModel, CatalogueRevision
from models_registry.querysets import AIModelQuerySet
from models_registry.transactions import whole
from models_registry.validation import check_capability
from models_registry.values import shown
from pricing import guards
from pricing.errors import RateTie
from pricing.models import Layer, PricingPolicy, Rate
from pricing.models.rate import SAID
from pricing.price_book import PriceBook, Quote, read_price_book

Matrix = dict[str, dict[str, dict[int, int]]]  # model_id → quality → seconds → credits


@dataclass(frozen=True)
class Offer:
    """A model beside its quote, as a row of a comparison."""

    model: AIModel
    quote: Quote


def quote(model_id: str, *, quality: str, duration: int, with_audio: bool | None = None) -> Quote:
    """Price one generation of `duration` seconds; `with_audio` matters where rates tell the two apart.

    Raises ModelUnavailable, UnsupportedDuration, UnsupportedQuality, OverLimit, Unpriced or CatalogueBusy.
    """
    return offer(model_id, quality=quality, duration=duration, with_audio=with_audio).quote


def offer(model_id: str, *, quality: str, duration: int, with_audio: bool | None = None) -> Offer:
    """Like `quote`, with the model as it was read along with its price. Raises what that raises."""
    book = read_price_book(AIModel.objects.sold().with_model_id(model_id))
    model = sold_in(book, model_id)
    return Offer(model, quote_in(book, model, quality=quality, duration=duration, with_audio=with_audio))


def sold_in(book: PriceBook, model_id: str) -> AIModel:
    """The model of this id, if it is on sale in `book`. Raises ModelUnavailable."""
    for model in book.models:
        if model.model_id == model_id and model.is_active:
            return model
    raise ModelUnavailable(f"No model {shown(model_id)} is for sale.", field="model_id")


def quote_in(
    book: PriceBook, model: AIModel, *, quality: str, duration: int, with_audio: bool | None = None
) -> Quote:
    """Price what `model`, which is one of `book`, offers there.

    Raises UnsupportedDuration, UnsupportedQuality, OverLimit or Unpriced.
    """
    capability = check_capability(model.model_id, model, duration=duration, quality=quality)
    if not capability.valid:
        is_duration = capability.code == UnsupportedDuration.code
        error = UnsupportedDuration if is_duration else UnsupportedQuality
        raise error(
            capability.reason or "",
            field="duration" if is_duration else "quality",
            alternatives=capability.alternatives,
        )
    return book.quote(model, quality=quality, duration=duration, with_audio=with_audio)


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


def set_rate(model: AIModel, *, quality: str, cost_per_second: Decimal, confirmed: bool = False) -> Rate:
    """Price `model` in `quality` by so many dollars a second, set by hand; what else stood there goes.

    Raises what `put_rate` raises.
    """
    return put_rate(model, {"quality_id": quality, "amount": cost_per_second}, confirmed=confirmed)


@whole
def put_rate(
    model: AIModel, values: Mapping[str, Any], *, layer: Layer = Layer.OVERRIDE, confirmed: bool = False
) -> Rate:
    """Let one row say what `model` costs us at a place: a quality (`quality_id`, None: any), with or without
    sound (`with_audio`, None: either). What `values` leave out is as usual: so much a second, no minimum.

    The same again changes nothing. Raises ValidationError, keyed by field, and RateTie; and
    ConfirmationRequired for prices that change unusually, unless that is `confirmed`.
    """
    CatalogueRevision.objects.lock()
    wanted = Rate(model=model, layer=layer, **values)
    rate, is_changed = said_anew(wanted, Rate.objects.like(wanted).first())
    refuse_tie(rate)
    if is_changed:
        guards.check_rate(rate, confirmed=confirmed)
        rate.save()
    return rate


def said_anew(
    wanted: Rate, standing: Rate | None, *, known_qualities: Collection[str] = ()
) -> tuple[Rate, bool]:
    """The row that is to say what `wanted` says, by every rule of a row; and whether that is news.

    A quality that is not among `known_qualities` is looked up. Nothing is stored. Raises ValidationError.
    """
    rate = standing or wanted
    before = _said(rate) if standing else None
    for name in SAID:
        setattr(rate, name, getattr(wanted, name))
    is_known = rate.quality_id in known_qualities
    # The lock has settled what is unique, and the validators say what the constraints guard.
    rate.full_clean(
        exclude=["model", *(["quality"] if is_known else [])],
        validate_unique=False,
        validate_constraints=False,
    )
    return rate, _said(rate) != before


def _said(rate: Rate) -> tuple[Any, ...]:
    return tuple(getattr(rate, name) for name in SAID)


def refuse_tie(rate: Rate) -> None:
    """Raise RateTie if another row of the layer is as specific for something that both are for.

    A rate for 720p and one for clips with sound both fit 720p with sound, and neither is the more specific:
    only a row for just that may settle it.
    """
    if rate.specificity != 1:
        return
    for tie in ties(rate, Rate.objects.filter(model=rate.model_id, layer=rate.layer)):
        raise tie


def ties(rate: Rate, others: Iterable[Rate]) -> Iterator[RateTie]:
    """Why `rate` can't stand beside `others` of its model and layer; it may be among them."""
    named = {_named(one): one for one in others}
    if rate.specificity != 1:
        return
    for rival in named.values():
        if rival.specificity != 1 or (rival.quality_id is None) == (rate.quality_id is None):
            continue
        quality = rate.quality_id or rival.quality_id
        with_audio = rival.with_audio if rate.with_audio is None else rate.with_audio
        between = Rate(quality_id=quality, with_audio=with_audio)
        if _named(between) not in named:
            yield RateTie(rate.place, rival.place, between.place)


def _named(rate: Rate) -> tuple[str | None, bool | None]:
    return rate.quality_id, rate.with_audio


@whole
def remove_rate(rate: Rate, *, confirmed: bool = False) -> None:
    """Let what it covered count again; quotes date from now on.

    Raises RateTie if the row settled which of two others counts; and ConfirmationRequired for prices that
    change unusually, unless that is `confirmed`.
    """
    CatalogueRevision.objects.lock()
    guards.check_removal(rate, confirmed=confirmed)
    model, layer, quality, specificity = rate.model_id, Layer(rate.layer), rate.quality_id, rate.specificity
    copy(rate).delete()  # the caller's keeps its key, should all this begin anew
    if specificity == 2:
        for other in Rate.objects.at(model, layer, quality=quality, with_audio=None):
            refuse_tie(other)


@whole
def set_policy(values: Mapping[str, Any], *, confirmed: bool = False) -> PricingPolicy:
    """Put the one policy in force, or change some of it.

    Raises ValidationError, keyed by field; and ConfirmationRequired for prices that change unusually, unless
    that is `confirmed`.
    """
    CatalogueRevision.objects.lock()
    standing = PricingPolicy.objects.first()
    policy = copy(standing) if standing else PricingPolicy()
    for name, value in values.items():
        setattr(policy, name, value)
    policy.full_clean(validate_unique=False)
    guards.check_policy(standing, policy, confirmed=confirmed)
    policy.save()
    return policy
