"""What has to be confirmed before prices change, and what may not be on sale at all."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from models_registry.errors import ConfirmationRequired
from models_registry.models import AIModel, QualityTier
from models_registry.values import decimal_text
from pricing import ledger
from pricing.calculator import EXACT
from pricing.models import Layer, PricingPolicy, Rate, Unit
from pricing.moves import Move, arrivals, moves
from pricing.price_book import NEVER, Place, PriceBook, read_book_with_or_without_policy

MOST_FIGURES = 20
OVER_LIMIT = "over_limit"
# What of a row is part of a price.
OF_MODEL = ("cost_per_second",)
OF_TIER = ("cost_multiplier", "megapixels")
OF_POLICY = (
    "profit_margin",
    "credits_per_dollar",
    "max_credits_per_generation",
    "max_duration_per_generation",
    "max_cost_per_second",
)


# --- Asked before something is stored --------------------------------------------------------------------


def check_models(steps: Sequence[tuple[AIModel | None, AIModel]], *, confirmed: bool) -> None:
    """Raise ValidationError above a limit of the policy, ConfirmationRequired for a price that moves far.

    Reads nothing unless a price or what the limits are about has changed, or a model comes on sale; then
    it asks for prices far from those it was last sold at, and for those below what it costs us. A new model
    has no past and is on no list.
    """
    in_force = InForce()
    for before, after in steps:
        if after.is_active:
            _check_model(before, after, in_force, confirmed=confirmed)


class InForce:
    """The policy, read once, when it is first needed."""

    @cached_property
    def policy(self) -> PricingPolicy | None:
        return PricingPolicy.objects.first()


def _check_model(before: AIModel | None, after: AIModel, in_force: InForce, *, confirmed: bool) -> None:
    """`after` is on sale."""
    if before is None or not before.is_active:
        refuse_model_above_limits(after, in_force.policy)
        if before is not None and not confirmed and is_on():
            _check_row(after)
        return
    changed = {name for name in (*OF_MODEL, "supported_durations") if _differs(before, after, name)}
    if not changed:
        return
    refuse_model_above_limits(after, in_force.policy, names=changed)
    if changed.intersection(OF_MODEL) and not confirmed and is_on():
        _check_row(after)


def _check_row(after: AIModel) -> None:
    book = read_book_with_or_without_policy(AIModel.objects.filter(pk=after.pk))
    refuse_unconfirmed(book, replace(book, models=[_as_in(after, model) for model in book.models]))


def check_tiers(steps: Sequence[tuple[QualityTier | None, QualityTier]], *, confirmed: bool) -> None:
    """Raise ConfirmationRequired if the prices of models that offer one of the qualities move far."""
    for before, after in steps:
        is_priced = before is not None and any(_differs(before, after, name) for name in OF_TIER)
        if is_priced and not confirmed and is_on():
            book = read_book_with_or_without_policy(AIModel.objects.sold().by_quality(after.key))
            refuse_unconfirmed(book, replace(book, tiers={**book.tiers, after.key: after}))


def check_policy(before: PricingPolicy | None, after: PricingPolicy, *, confirmed: bool) -> None:
    """Raise ConfirmationRequired if prices move far, or if a limit takes off sale what is sold."""
    is_priced = before is not None and any(_differs(before, after, name) for name in OF_POLICY)
    if is_priced and not confirmed and is_on():
        book = read_book_with_or_without_policy(AIModel.objects.sold())
        refuse_unconfirmed(book, replace(book, policy=after))


def check_rate(rate: Rate, *, confirmed: bool) -> None:
    """Raise like `check_models`, before `rate` is stored."""
    check_rates([rate], confirmed=confirmed)


def check_rates(rates: Iterable[Rate], *, confirmed: bool) -> None:
    """As `check_rate` of each."""
    in_force = InForce()
    for rate in rates:
        if not rate.model.is_active:
            continue
        refuse_rate_above_limit(rate, in_force)
        supposed = copy(rate)
        supposed.priced_at = NEVER  # only the database knows when a new one comes
        _check_place(rate, supposed, confirmed=confirmed)


def check_removal(rate: Rate, *, confirmed: bool) -> None:
    """Raise ConfirmationRequired if prices move far, before `rate` is deleted."""
    if rate.model.is_active:
        _check_place(rate, None, confirmed=confirmed)


def _check_place(rate: Rate, supposed: Rate | None, *, confirmed: bool) -> None:
    """Compare what is on sale with what would be, if `supposed` stood in the place of `rate`."""
    if confirmed or not is_on():
        return
    book = read_book_with_or_without_policy(AIModel.objects.sold().filter(pk=rate.model_id))
    place = Place(rate.model_id, Layer(rate.layer), rate.quality_id, rate.with_audio)
    rates = {one: standing for one, standing in book.rates.items() if one != place}
    if supposed is not None:
        rates[place] = supposed
    refuse_unconfirmed(book, replace(book, rates=rates))


@contextmanager
def guarding(models: "QuerySet[AIModel]", *, confirmed: bool) -> Iterator[None]:
    """Compare the prices of `models` before and after all that is done inside, as one change.

    The single steps have to be confirmed. Belongs inside a transaction of its own: it raises
    ConfirmationRequired when all is written.
    """
    if confirmed or not is_on():
        yield
        return
    before = read_book_with_or_without_policy(models)
    last_sold = _last_sold(before)
    yield
    _refuse(before, read_book_with_or_without_policy(models), last_sold)


def questions(drafts: Iterable[AIModel]) -> dict[int, ConfirmationRequired]:
    """By primary key, what storing one of `drafts` would ask; the others are left out."""
    wanted = {model.pk: model for model in drafts if model.is_active}
    found: dict[int, ConfirmationRequired] = {}
    if not wanted or not is_on():
        return found
    book = read_book_with_or_without_policy(AIModel.objects.filter(pk__in=wanted))
    last_sold = _by_model(_last_sold(book))
    for pk, before in _by_model(book).items():
        (standing,) = before.models
        after = replace(before, models=[_as_in(wanted[pk], standing)])
        try:
            _refuse(before, after, last_sold.get(pk, replace(before, models=[])))
        except ConfirmationRequired as asked:
            found[pk] = asked
    return found


def _by_model(book: PriceBook) -> dict[int, PriceBook]:
    """A book of each model of `book` and its rates alone."""
    rates: dict[int, dict[Place, Rate]] = {}
    for place, rate in book.rates.items():
        rates.setdefault(place.model, {})[place] = rate
    return {model.pk: replace(book, models=[model], rates=rates.get(model.pk, {})) for model in book.models}


def is_on() -> bool:
    return settings.PRICE_CHANGE_GUARD is not None


# --- Limits ----------------------------------------------------------------------------------------------


def refuse_model_above_limits(
    model: AIModel, policy: PricingPolicy | None, *, names: Iterable[str] = (*OF_MODEL, "supported_durations")
) -> None:
    """Raise ValidationError, keyed by those of `names` with which a model may not be on sale."""
    if policy is None:
        return
    found = {
        "cost_per_second": _too_dear(model.cost_per_second, policy.max_cost_per_second),
        "supported_durations": _too_long(model.supported_durations, policy.max_duration_per_generation),
    }
    errors = {name: [found[name]] for name in names if found[name]}
    if errors:
        raise ValidationError(errors)


def refuse_rate_above_limit(rate: Rate, in_force: InForce) -> None:
    """Raise ValidationError for a price that was set by hand; what a list says, the quotes refuse."""
    if rate.unit != Unit.SECOND or rate.layer != Layer.OVERRIDE:
        return
    policy = in_force.policy
    error = _too_dear(rate.amount, policy.max_cost_per_second) if policy else None
    if error:
        raise ValidationError({"amount": [error]})


def _too_dear(cost: Decimal, dearest: Decimal | None) -> ValidationError | None:
    if dearest is None or cost <= dearest:
        return None
    return ValidationError(
        f"${decimal_text(cost)} a second is above the policy's limit of ${decimal_text(dearest)}. Lower it, "
        "take the model off sale, or raise the limit first.",
        OVER_LIMIT,
    )


def _too_long(durations: Sequence[int], longest: int | None) -> ValidationError | None:
    too_long = [str(seconds) for seconds in durations if longest is not None and seconds > longest]
    if not too_long:
        return None
    return ValidationError(
        f"{', '.join(too_long)} s: longer than the policy's limit of {longest} s a generation. Leave it out, "
        "take the model off sale, or raise the limit first.",
        OVER_LIMIT,
    )


# --- The change guard ------------------------------------------------------------------------------------


def refuse_unconfirmed(before: PriceBook, after: PriceBook) -> None:
    """Raise ConfirmationRequired if prices of what is on sale before and after change unusually.

    That is by more than PRICE_CHANGE_GUARD times, up or down; to what is not sold; or below our costs. What
    comes on sale is compared with what it was last sold at. Asked before `after` is stored.
    """
    _refuse(before, after, _last_sold(before) if _arriving(before, after).models else before)


def _refuse(before: PriceBook, after: PriceBook, last_sold: PriceBook) -> None:
    arrived = arrivals(last_sold, _arriving(before, after))
    found = [move for move in (*moves(*_on_sale(before, after), sounds=True), *arrived) if is_unusual(move)]
    if found:
        raise question(found)


def is_unusual(move: Move) -> bool:
    return _goes_far(move) or move.turns_negative


def _goes_far(move: Move) -> bool:
    guard: Decimal | None = settings.PRICE_CHANGE_GUARD
    if guard is None or move.before is None or not move.changes:
        return False
    if move.after is None:
        return True
    low, high = sorted((move.before, move.after))
    return Decimal(high) > EXACT.multiply(Decimal(low), guard)


def _on_sale(before: PriceBook, after: PriceBook) -> tuple[PriceBook, PriceBook]:
    return (
        replace(before, models=[model for model in before.models if model.is_active]),
        replace(after, models=[model for model in after.models if model.is_active]),
    )


def _arriving(before: PriceBook, after: PriceBook) -> PriceBook:
    """`after` with nothing but the models that come on sale."""
    was = {model.pk for model in before.models if not model.is_active}
    return replace(after, models=[model for model in after.models if model.is_active and model.pk in was])


def _last_sold(book: PriceBook) -> PriceBook:
    """The models that are off sale and their rates as they last were on it, under the policy and the tiers of
    `book`. Asked before any of them comes back.
    """
    keys = [model.pk for model in book.models if not model.is_active]
    models, rates = ledger.last_sold(keys) if keys else ([], {})
    return replace(book, models=models, rates=rates)


def question(unusual: Iterable[Move]) -> ConfirmationRequired:
    """Asks whether all of `unusual` is meant, the worst of it first."""
    found = sorted(unusual, key=lambda move: move.order)
    figures = [move for move in found if _goes_far(move)]
    losing = [move for move in found if move.turns_negative]
    return ConfirmationRequired(
        " ".join(_sentences(figures, losing)),
        lines=list(_lines(found)),
        digest=hashlib.sha256("\n".join(map(_told, found)).encode()).hexdigest(),
        figures=[_fact(move) for move in figures[:MOST_FIGURES]],
        figures_count=len(figures),
        negative_margins=[_fact(move) for move in losing[:MOST_FIGURES]],
        negative_margins_count=len(losing),
    )


def _sentences(figures: Sequence[Move], losing: Sequence[Move]) -> Iterator[str]:
    gone = [move for move in figures if move.leaves_sale]
    moved = figures[len(gone) :]
    if moved:
        worst = moved[0]
        yield (
            f"{_counted(moved, 'price')} would move by more than {settings.PRICE_CHANGE_GUARD} times"
            f", most of all {worst.name}: {worst.words}."
        )
    if gone:
        yield (
            f"{_counted(gone, 'combination')} would no longer be sold, such as {gone[0].name}: "
            f"{gone[0].reason}."
        )
    if losing:
        yield (
            f"{_counted(losing, 'combination')} would bring in less than we pay for, such as "
            f"{losing[0].name}: {losing[0].words}."
        )


def _counted(found: Sequence[Move], noun: str) -> str:
    return f"1 {noun}" if len(found) == 1 else f"{len(found):,} {noun}s"


def _lines(found: Sequence[Move]) -> Iterator[str]:
    yield from map(_told, found[:MOST_FIGURES])
    if len(found) > MOST_FIGURES:
        yield f"and {len(found) - MOST_FIGURES:,} more"


def _told(move: Move) -> str:
    return f"{move.name}: {move.words}{', less than it costs us' if move.turns_negative else ''}"


def _fact(move: Move) -> dict[str, Any]:
    return {
        "model_id": move.model.model_id,
        "quality": move.quality,
        "duration": move.duration,
        "with_audio": move.with_audio,
        "before": move.before,
        "after": move.after,
    }


def _differs(before: object, after: object, name: str) -> bool:
    return bool(getattr(before, name) != getattr(after, name))


def _as_in(wanted: AIModel, standing: AIModel) -> AIModel:
    """`standing` as it was read for a book, with what `wanted` offers and costs."""
    draft = copy(standing)
    for name in ("cost_per_second", "supported_durations", "supported_qualities", "is_active"):
        setattr(draft, name, getattr(wanted, name))
    return draft
