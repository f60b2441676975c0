"""What becomes of every credit figure between one price book and another. No ORM, no clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from models_registry.models import AIModel
from pricing.calculator import EXACT
from pricing.errors import OverLimit, Unpriced
from pricing.price_book import NOTHING, PriceBook, Quote

SOUND = {None: "", True: " with sound", False: " without sound"}
Sound = bool | None


@dataclass(frozen=True)
class Move:
    """A combination that a model offers before and after, and its credits; None: it is not sold."""

    model: AIModel
    quality: str
    duration: int  # seconds
    with_audio: Sound
    before: int | None
    after: int | None
    turns_negative: bool = False  # it costs more than it brings in after, and was not sold so before
    why_not: str = ""  # what keeps it from being sold after

    @property
    def changes(self) -> bool:
        return self.before != self.after

    @property
    def leaves_sale(self) -> bool:
        return self.before is not None and self.after is None

    @property
    def factor(self) -> Fraction:
        """How many times the smaller figure the greater one is; 1 where they can't be compared."""
        if self.before is None or self.after is None:
            return Fraction(1)
        return Fraction(max(self.before, self.after), min(self.before, self.after))

    @property
    def order(self) -> tuple[object, ...]:
        """What is sold no longer comes first, then the greatest factors."""
        sound = (self.with_audio is not None, bool(self.with_audio))
        place = (self.model.model_id, self.quality, self.duration, *sound)
        return (not self.leaves_sale, -self.factor, self.before is not None, *place)

    @property
    def name(self) -> str:
        """As in `luma/ray-2, 5 s in high`."""
        return f"{self.model.model_id}, {self.duration} s in {self.quality}{SOUND[self.with_audio]}"

    @property
    def words(self) -> str:
        """As in `72 → 360 credits (× 5)`."""
        before, after = self.texts
        return (
            f"{before} → {after} credits ({self.factor_text})" if self.factor_text else f"{before} → {after}"
        )

    @property
    def texts(self) -> tuple[str, str]:
        """The credits before and after."""
        return _credits(self.before), _credits(self.after)

    @property
    def factor_text(self) -> str:
        """As in `× 5` and `÷ 3.01`; empty where the two can't be compared."""
        if self.before is None or self.after is None:
            return ""
        sign = "×" if self.after >= self.before else "÷"
        return f"{sign} {_factor_text(self.factor)}"

    @property
    def mark(self) -> str:
        """As the pages of prices mark it: up, down, new, gone, or nothing for no change."""
        if self.before is None or self.after is None:
            return "gone" if self.leaves_sale else "new" if self.changes else ""
        return "" if not self.changes else "up" if self.after > self.before else "down"

    @property
    def reason(self) -> str:
        """Why it is not sold, without the advice that customers get."""
        return self.why_not.split(". ")[0].removesuffix(".")


# How people say what becomes of a combination, by the names of `Comparison.counts`.
BECOMES = {
    "dearer": "rise",
    "cheaper": "fall",
    "newly_sold": "come on sale",
    "no_longer_sold": "are no longer sold",
    "unchanged": "stay",
}


@dataclass(frozen=True)
class Comparison:
    """All combinations that are looked at."""

    moves: Sequence[Move]

    @cached_property
    def affected(self) -> list[Move]:
        """Those whose credits change: what leaves the sale first, then the greatest factors."""
        return sorted((move for move in self.moves if move.changes), key=lambda move: move.order)

    @cached_property
    def counts(self) -> dict[str, int]:
        both = [move for move in self.affected if move.before is not None and move.after is not None]
        dearer = sum((move.after or 0) > (move.before or 0) for move in both)
        gone = sum(move.leaves_sale for move in self.affected)
        return {
            "affected": len(self.affected),
            "unchanged": len(self.moves) - len(self.affected),
            "dearer": dearer,
            "cheaper": len(both) - dearer,
            "newly_sold": len(self.affected) - len(both) - gone,
            "no_longer_sold": gone,
            "negative_margins": sum(move.turns_negative for move in self.moves),
        }

    @property
    def in_short(self) -> str:
        """As in `Of 12 combinations, 3 rise, 1 are no longer sold, 8 stay.`"""
        told = [f"{self.counts[name]:,} {what}" for name, what in BECOMES.items() if self.counts[name]]
        if not told:
            return "Nothing is sold."
        losing = self.counts["negative_margins"]
        less = f" {losing:,} would bring in less than they cost us." if losing else ""
        return f"Of {len(self.moves):,} combinations, {', '.join(told)}.{less}"


class Side(NamedTuple):
    """A model in a price book, and clips with or without sound, or either."""

    book: PriceBook
    model: AIModel
    with_audio: Sound

    def sale(self, quality: str, duration: int) -> tuple[Quote | None, str]:
        """The quote or, in words, why there is none."""
        try:
            quote = self.book.quote(
                self.model, quality=quality, duration=duration, with_audio=self.with_audio
            )
            return quote, ""
        except (Unpriced, OverLimit) as error:
            return None, error.message

    def offers(self, quality: str, duration: int) -> bool:
        return quality in self.model.supported_qualities and duration in self.model.supported_durations

    def loses(self, quote: Quote) -> bool:
        """Do its credits bring in less than it costs us, by our own price or a list's, whichever is more?"""
        if self.book.policy is None:
            return False
        cost = max(quote.cost_usd, self._listed_cost(quote))
        return Decimal(quote.credits) < EXACT.multiply(cost, self.book.policy.credits_per_dollar)

    def _listed_cost(self, quote: Quote) -> Decimal:
        try:
            basis = self.book.listed_basis(self.model, quote.quality, with_audio=self.with_audio)
        except Unpriced:
            return NOTHING
        return basis.cost(quote.duration) if basis else NOTHING


def moves(before: PriceBook, after: PriceBook, *, sounds: bool = False) -> Iterator[Move]:
    """One for each combination that a model of both books offers in both.

    With `sounds` also for clips with or without sound, of models whose rates tell them apart.
    """
    stood = {model.pk: model for model in before.models}
    told_apart = _sounds(before, after) if sounds else {}
    for model in after.models:
        was = stood.get(model.pk)
        if was is not None:
            for with_audio in (None, *sorted(told_apart.get(model.pk, ()))):
                yield from _moves_of(Side(before, was, with_audio), Side(after, model, with_audio))


def arrivals(last_sold: PriceBook, after: PriceBook) -> Iterator[Move]:
    """One for each combination that the models of `after` offer, all of which come on sale.

    `last_sold` has them as they were on sale before; what it lacks was never sold.
    """
    stood = {model.pk: model for model in last_sold.models}
    told_apart = _sounds(last_sold, after)
    for model in after.models:
        for with_audio in (None, *sorted(told_apart.get(model.pk, ()))):
            was = stood.get(model.pk)
            before = None if was is None else Side(last_sold, was, with_audio)
            yield from _arrivals_of(before, Side(after, model, with_audio))


def _arrivals_of(before: Side | None, after: Side) -> Iterator[Move]:
    for quality in after.model.supported_qualities:
        for duration in after.model.supported_durations:
            was_sold = before and before.offers(quality, duration) and before.sale(quality, duration)[0]
            yield _move(before if was_sold else None, after, quality, duration)


def _sounds(*books: PriceBook) -> dict[int, set[bool]]:
    """By primary key, the kinds of sound that rates name."""
    found: dict[int, set[bool]] = {}
    for place in (place for book in books for place in book.rates):
        if place.with_audio is not None:
            found.setdefault(place.model, set()).add(place.with_audio)
    return found


def _moves_of(before: Side, after: Side) -> Iterator[Move]:
    for quality in after.model.supported_qualities:
        for duration in after.model.supported_durations:
            if before.offers(quality, duration):
                yield _move(before, after, quality, duration)


def _move(before: Side | None, after: Side, quality: str, duration: int) -> Move:
    """Without `before` it comes on sale, and has not been sold."""
    old = before.sale(quality, duration)[0] if before else None
    new, why_not = after.sale(quality, duration)
    was_lossless = not before.loses(old) if before and old else before is None
    return Move(
        after.model,
        quality,
        duration,
        after.with_audio,
        old.credits if old else None,
        new.credits if new else None,
        turns_negative=bool(new and was_lossless and after.loses(new)),
        why_not=why_not,
    )


def _credits(number: int | None) -> str:
    return "not sold" if number is None else f"{number:,}"


def _factor_text(factor: Fraction) -> str:
    """To a hundredth; a factor above 3 never reads as 3."""
    hundredths = -(-factor.numerator * 100 // factor.denominator)
    whole, rest = divmod(hundredths, 100)
    return f"{whole:,}.{rest:02}".removesuffix("0").removesuffix(".0")
