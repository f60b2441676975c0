"""What is left of the price of one model in one quality; exact decimals, no queries."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from models_registry.models import AIModel
from pricing import calculator
from pricing.errors import OverLimit, Unpriced
from pricing.price_book import Basis, PriceBook, Quote

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Volume:
    """What was generated in the last 30 days. `value_usd` is what that would bring at the prices of today.

    Generations of lengths that are not sold any more, or that nobody told, have no price and are left out of
    it.
    """

    generations: int = 0
    credits: int | None = None  # as recorded; None if no generation said its credits
    value_usd: Decimal = NOTHING


@dataclass(frozen=True)
class Margin:
    """Of all lengths, and with sound or without where rates tell them apart, where least is left.

    What it costs us is what our own price says, or what the provider's list says, whichever is more: a price
    set by hand below the list's is a hope, and the bill is the list's.
    """

    model: AIModel
    quote: Quote
    credits_per_dollar: Decimal
    listed_cost_usd: Decimal | None  # None: no list has this
    target_margin: Decimal | None  # percent of the price
    volume: Volume = field(default_factory=Volume)

    @property
    def quality(self) -> str:
        return self.quote.quality

    @property
    def cost_usd(self) -> Decimal:
        return max(self.quote.cost_usd, self.listed_cost_usd or NOTHING)

    @property
    def margin_usd(self) -> Decimal:
        """Negative for a loss."""
        return calculator.EXACT.subtract(self.quote.price_usd, self.cost_usd)

    @property
    def margin_percent(self) -> Decimal:
        """Of the price; rounded half up to two places."""
        return calculator.percent(self._credits_left, self.quote.credits)

    @property
    def is_loss(self) -> bool:
        return self._credits_left < 0

    @property
    def is_listed_above_price(self) -> bool:
        """Does the provider's list ask more than our customers pay?"""
        return self.is_loss and self.listed_cost_usd == self.cost_usd

    @property
    def is_under_target(self) -> bool:
        """Compared exactly: 29.999 % is under 30, though shown as 30.00."""
        if self.target_margin is None:
            return False
        wanted = calculator.EXACT.multiply(self.target_margin, Decimal(self.quote.credits))
        return calculator.EXACT.multiply(self._credits_left, Decimal(100)) < wanted

    @property
    def _credits_left(self) -> Decimal:
        """What is left in credits, exactly: in dollars a credit need not come out even."""
        spent = calculator.EXACT.multiply(self.cost_usd, self.credits_per_dollar)
        return calculator.EXACT.subtract(Decimal(self.quote.credits), spent)

    def leaves_less_than(self, other: "Margin") -> bool:
        """For each dollar of the price."""
        ours = calculator.EXACT.multiply(self.cost_usd, Decimal(other.quote.credits))
        return ours > calculator.EXACT.multiply(other.cost_usd, Decimal(self.quote.credits))


def margins_of(
    book: PriceBook, model: AIModel, quality: str, *, sounds: Collection[bool | None] = (None,)
) -> Iterator[Margin]:
    """One for each length in which `model` is sold, and each of `sounds`; nothing without a policy."""
    if book.policy is None:
        return
    for with_audio in sounds:
        listed = _listed(book, model, quality, with_audio)
        for duration in model.supported_durations:
            try:
                quote = book.quote(model, quality=quality, duration=duration, with_audio=with_audio)
            except (Unpriced, OverLimit):
                continue
            yield Margin(
                model,
                quote,
                book.policy.credits_per_dollar,
                None if listed is None else listed.cost(duration),
                book.policy.target_margin,
            )


def least(margins: Iterable[Margin]) -> Margin | None:
    """The first of those that leave least; None if nothing is sold."""
    found: Margin | None = None
    for margin in margins:
        if found is None or margin.leaves_less_than(found):
            found = margin
    return found


def prices(margins: Iterable[Margin]) -> Mapping[int, Decimal]:
    """Dollars by length, where nobody says whether there is sound."""
    quotes = [margin.quote for margin in margins if margin.quote.with_audio is None]
    return {quote.duration: quote.price_usd for quote in quotes}


def _listed(book: PriceBook, model: AIModel, quality: str, with_audio: bool | None) -> Basis | None:
    """None also for what the list says in a unit that nobody can count."""
    try:
        return book.listed_basis(model, quality, with_audio=with_audio)
    except Unpriced:
        return None
