"""What customers would pay for what a form holds, by the calculator that charges; nothing is stored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from models_registry.models import AIModel
from models_registry.values import decimal_text, price_text
from pricing.errors import Unpriced
from pricing.models import Layer
from pricing.price_book import Basis, Combination, PriceBook, Quote

THIS_MODEL = "This model"
PRICE, DURATIONS, QUALITIES = "cost_per_second", "supported_durations", "supported_qualities"
LIMITS = ("fixed_duration", "max_duration")  # no part of a price, but of which durations may be offered
OF_THE_TABLE = (DURATIONS, QUALITIES, *LIMITS)


RATE = "rate_"


def rate_field(quality: str) -> str:
    """What a form calls the rate in `quality`."""
    return f"{RATE}{quality}"


@dataclass(frozen=True)
class Typed:
    """What a form holds of prices: column → value, and quality → dollars a second.

    What can't be read is missing, and `problems` says why, by the name of its field.
    """

    values: Mapping[str, object]
    rates: Mapping[str, Decimal]
    problems: Mapping[str, str] = field(default_factory=dict)


class Cell(NamedTuple):
    """A combination as it would be, and as it is."""

    quality: str
    duration: int  # seconds
    now: Combination | None  # None: what was typed has no price
    was: Combination | None  # None: not offered, or there is nothing to compare with
    compares: bool

    @property
    def key(self) -> str:
        return f"{self.duration} {self.quality}"

    @property
    def quote(self) -> Quote | None:
        return self.now.quote if self.now else None

    @property
    def quote_before(self) -> Quote | None:
        return self.was.quote if self.was else None

    @property
    def credits(self) -> str:
        return f"{self.quote.credits:,}" if self.quote else ""

    @property
    def credits_before(self) -> str:
        return f"{self.quote_before.credits:,}" if self.quote_before else ""

    @property
    def cost(self) -> str:
        return price_text(self.quote.cost_usd) if self.quote else ""

    @property
    def price(self) -> str:
        return price_text(self.quote.price_usd) if self.quote else ""

    @property
    def mark(self) -> str:
        """How it compares with what is stored: up, down, new, gone, or nothing for no change."""
        if not self.compares or self.now is None:
            return ""
        return compared(self.quote_before, self.quote)


def compared(before: Quote | None, after: Quote | None) -> str:
    if after is None or before is None:
        return "new" if after else "gone" if before else ""
    if before.credits == after.credits:
        return ""
    return "up" if after.credits > before.credits else "down"


class Column(NamedTuple):
    quality: str
    label: str
    basis: str  # what a second costs us, and of what it is made
    problem: str


class Row(NamedTuple):
    duration: int
    cells: list[Cell]


@dataclass(frozen=True)
class PriceTable:
    """Durations by qualities, and the `problems` of the whole table.

    Of durations or qualities that can't be read, it shows those that are stored, if any.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    problems: Sequence[str]
    results: Sequence["Result"]
    gone: Sequence[Quote]
    is_of_stored: bool
    book: PriceBook  # in which these are the prices

    @property
    def cells(self) -> Iterator[Cell]:
        return (cell for row in self.rows for cell in row.cells)

    @property
    def is_whole(self) -> bool:
        """Every price of it can be told."""
        return not self.problems and all(cell.now is not None for cell in self.cells)

    @property
    def changes(self) -> int:
        return sum(bool(cell.mark) for cell in self.cells) + len(self.gone)

    @property
    def summary(self) -> str:
        if any(cell.now is None for cell in self.cells) or (self.problems and not self.rows):
            return "Some prices can't be told: see what is wrong beside them."
        if self.problems:
            return "These would be the prices, but it can't be saved like this."
        if not self.rows:
            return "Give a price, durations and qualities, and what customers pay stands here."
        if self.is_of_stored:
            return "As stored."
        number = sum(1 for _ in self.cells)
        if not self.changes:
            return f"{number} {'price' if number == 1 else 'prices'}, all as stored."
        return f"{self.changes} of {number + len(self.gone)} prices change. Nothing is saved yet."


class Result(NamedTuple):
    """What a second in one quality costs without a rate."""

    field: str
    text: str
    is_offered: bool


def stored_prices(book: PriceBook) -> PriceTable:
    """The prices of the one model of `book`, or an empty table without one."""
    model = book.models[0] if book.models else None
    rates = book.rates_of(model) if model else {}
    values = {name: getattr(model, name) for name in (PRICE, DURATIONS, QUALITIES)} if model else {}
    return _Preview(book, Typed(values, rates)).table(is_of_stored=True)


def supposed_prices(book: PriceBook, typed: Typed) -> PriceTable:
    """The prices of the one model of `book`, or of a new one, if `typed` were stored."""
    return _Preview(book, typed).table(is_of_stored=False)


class _Preview:
    def __init__(self, book: PriceBook, typed: Typed) -> None:
        self.book, self.typed = book, typed
        self.stored = book.models[0] if book.models else None
        self.model = copy(self.stored) if self.stored else AIModel(model_id=THIS_MODEL)
        for name, value in typed.values.items():
            setattr(self.model, name, value)
        self.supposed = book.supposing(self.model, rates=typed.rates)
        self._stored_offers = set(offers(self.stored)) if self.stored else set()

    def table(self, *, is_of_stored: bool) -> PriceTable:
        qualities = self._in_order(self.model.supported_qualities or [])
        durations = sorted(self.model.supported_durations or [])
        rows = [Row(seconds, [self._cell(key, seconds) for key in qualities]) for seconds in durations]
        return PriceTable(
            columns=[self._column(key) for key in qualities] if durations else [],
            rows=rows if qualities else [],
            problems=[self.typed.problems[n] for n in OF_THE_TABLE if n in self.typed.problems],
            results=[self._result(key) for key in self.book.tiers],
            gone=list(self._gone(qualities, durations)),
            is_of_stored=is_of_stored,
            book=self.supposed,
        )

    def _in_order(self, qualities: Iterable[str]) -> list[str]:
        places = list(self.book.tiers)
        return sorted(qualities, key=lambda key: places.index(key) if key in places else len(places))

    def _cell(self, quality: str, duration: int) -> Cell:
        is_told = not self._problem(quality) and not self._is_unreadable
        now = self.supposed.combination(self.model, quality=quality, duration=duration) if is_told else None
        return Cell(quality, duration, now, self._before(quality, duration), self.stored is not None)

    @property
    def _is_unreadable(self) -> bool:
        """The table has the shape of what is stored, which is not what was typed."""
        return any(name in self.typed.problems for name in (DURATIONS, QUALITIES))

    def _before(self, quality: str, duration: int) -> Combination | None:
        if self.stored is None or (quality, duration) not in self._stored_offers:
            return None
        return self.book.combination(self.stored, quality=quality, duration=duration)

    def _problem(self, quality: str) -> str:
        """Why nothing can be told of `quality`: its rate, or the price that it is made of, is wrong."""
        problems = self.typed.problems
        if rate_field(quality) in problems:
            return problems[rate_field(quality)]
        return "" if quality in self.typed.rates else problems.get(PRICE, "")

    def _column(self, quality: str) -> Column:
        tier = self.book.tiers.get(quality)
        problem = self._problem(quality)
        label = tier.label if tier else quality
        return Column(quality, label, "" if problem else self._basis(quality), problem)

    def _basis(self, quality: str) -> str:
        if quality in self.typed.rates:
            return f"${decimal_text(self.typed.rates[quality])} a second, its own rate"
        try:
            basis = self.supposed.basis(self.model, quality)
        except Unpriced:
            return "can't be told"
        return f"{basis.words}{_whence(basis)}" if basis else "no rate, no multiplier"

    def _result(self, quality: str) -> Result:
        is_told = PRICE not in self.typed.problems and self.model.cost_per_second is not None
        try:
            basis = self.supposed.basis_beneath(self.model, quality) if is_told else None
        except Unpriced:
            basis = None
        text = basis.words.removesuffix(" a second") if basis else "–"
        return Result(rate_field(quality), text, quality in (self.model.supported_qualities or []))

    def _gone(self, qualities: Sequence[str], durations: Sequence[int]) -> Iterator[Quote]:
        """What is sold now and would be offered no longer."""
        for quality, duration in sorted(self._stored_offers):
            was = self._before(quality, duration)
            is_offered = quality in qualities and duration in durations
            if was and was.quote and not is_offered:
                yield was.quote


def _whence(basis: Basis) -> str:
    if basis.rate is None:
        return ""
    return ", its own rate" if basis.rate.layer == Layer.OVERRIDE else ", from its price list"


def offers(model: AIModel) -> list[tuple[str, int]]:
    """Its qualities with its durations; a model that nobody has described yet offers nothing."""
    return list(product(model.supported_qualities or [], model.supported_durations or []))
