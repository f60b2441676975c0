"""What customers pay now, and what they would pay if a held price were approved; nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from models_registry.models import AIModel
from pricing.errors import Unpriced
from pricing.models import Layer, Rate, Unit
from pricing.moves import Move, moves
from pricing.preview import changed
from pricing.price_book import (
    FOLLOWS,
    LISTED_COST,
    NEVER,
    NO_POLICY,
    Basis,
    Place,
    PriceBook,
    is_priced_by_hand,
    read_book_with_or_without_policy,
)
from pricing.upstream.models import HeldPrice
from pricing.upstream.price_list import BASE

UNCHANGED = "Customers see no change"


class Column(NamedTuple):
    """A quality that the price is for, and what becomes of each duration."""

    quality: str
    counts_now: str  # as in `$1.5552 a second, set by hand`
    is_by_hand: bool
    moves: Sequence[Move]


@dataclass(frozen=True)
class Consequences:
    """Of a price that waits: books of its model alone, as it stands and behind the approval."""

    held: HeldPrice
    before: PriceBook
    after: PriceBook

    @property
    def model(self) -> AIModel:
        return self.before.models[0]

    @cached_property
    def columns(self) -> list[Column]:
        """The qualities on offer that the price is for, or that would change."""
        found = [self._column(quality) for quality in self.model.supported_qualities]
        return [one for one in found if self._is_for(one.quality) or any(move.changes for move in one.moves)]

    @property
    def rows(self) -> list[tuple[int, list[Move]]]:
        """By duration, in the order of the columns."""
        columns = [column.moves for column in self.columns]
        return [(step[0].duration, list(step)) for step in zip(*columns, strict=True)]

    @property
    def sentences(self) -> list[str]:
        """What it comes to, in words."""
        if self.before.policy is None:
            return [NO_POLICY]
        found = [move for column in self.columns for move in column.moves]
        changing = sum(move.changes for move in found)
        if not changing:
            return [f"{UNCHANGED}: {self._why_none}.", *self._off_sale]
        told = f"{changing} of {len(found)} prices of a generation change."
        return [told, *self._leaving(found), *self._off_sale]

    @property
    def _why_none(self) -> str:
        quality = self.held.spot.quality
        if not self.columns:
            return f"the model doesn’t offer {quality}" if quality else "each quality has a price of its own"
        if all(column.is_by_hand for column in self.columns):
            return "a price set by hand covers the list’s"
        return "it comes to the same credits"

    @property
    def _off_sale(self) -> list[str]:
        return [] if self.model.is_active else ["Nobody can buy the model now: it is not on sale."]

    def _leaving(self, found: Sequence[Move]) -> list[str]:
        gone = [move for move in found if move.leaves_sale]
        if not gone:
            return []
        who = "One of them leaves" if len(gone) == 1 else f"{len(gone)} of them leave"
        return [f"{who} sale: {gone[0].reason}."]

    def _is_for(self, quality: str) -> bool:
        """The base price is not for what the list prices by itself."""
        wanted = self.held.spot.quality
        listed = self.before.rate(self.model, Layer.UPSTREAM, quality, self.held.with_audio)
        own = listed.quality_id if listed else None
        return wanted == quality if wanted else own is None

    def _column(self, quality: str) -> Column:
        try:
            basis = self.before.basis(self.model, quality, with_audio=self.held.with_audio)
        except Unpriced as error:
            return Column(quality, error.message, False, self._moves[quality])
        if basis is None:
            return Column(quality, "nothing: it has no price", False, self._moves[quality])
        by_hand = is_by_hand(basis, self.model)
        origin = "set by hand" if by_hand else "from the list"
        return Column(quality, f"{basis.words}, {origin}", by_hand, self._moves[quality])

    @cached_property
    def _moves(self) -> dict[str, list[Move]]:
        found: dict[str, list[Move]] = {quality: [] for quality in self.model.supported_qualities}
        for move in moves(self.before, self.after, sounds=True):
            if move.with_audio == self.held.with_audio:
                found[move.quality].append(move)
        return found


def consequences_of(held: HeldPrice) -> Consequences:
    """Four queries. Raises CatalogueBusy."""
    book = read_book_with_or_without_policy(AIModel.objects.filter(pk=held.model_id))
    return Consequences(held, book, behind_approval(book, held))


def behind_approval(book: PriceBook, held: HeldPrice) -> PriceBook:
    """`book`, of the one model, once the list says what it proposes: as `write_price` writes it."""
    (model,) = book.models
    if held.spot == BASE and held.unit_after == Unit.SECOND:
        # A price set by hand stays that, also where the list comes to say the same.
        own = {FOLLOWS: False} if is_priced_by_hand(model) else {"cost_per_second": held.amount_after}
        base = Place(model.pk, Layer.UPSTREAM, None)
        rates = {place: rate for place, rate in book.rates.items() if place != base}
        return replace(book, models=[changed(model, {LISTED_COST: held.amount_after, **own})], rates=rates)
    place = Place(model.pk, Layer.UPSTREAM, *held.spot)
    rate = Rate(
        model=model,
        layer=Layer.UPSTREAM,
        quality_id=held.spot.quality,
        with_audio=held.with_audio,
        unit=held.unit_after,
        amount=held.amount_after,
        priced_at=NEVER,
    )
    return replace(book, rates={**book.rates, place: rate})


def is_by_hand(basis: Basis, model: AIModel) -> bool:
    if basis.rate is not None:
        return basis.rate.layer == Layer.OVERRIDE
    return is_priced_by_hand(model)
