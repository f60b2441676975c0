"""A price list as it was read: what it says, and nothing of what stands here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from models_registry.choices import COST_DECIMALS, HIGHEST_COST
from models_registry.values import CONTROL, UNSTORABLE, decimal_text, parse_decimal, shown
from pricing.models import Unit

KEY_LENGTH = 300
SOURCE_LENGTH = 500
NOTE_LENGTH = 2_000
NOTHING = Decimal(0)


class Spot(NamedTuple):
    """What a price of a model is for; neither of the two: the base price."""

    quality: str | None = None
    with_audio: bool | None = None

    @property
    def words(self) -> str:
        sound = {None: "", True: " with sound", False: " without sound"}[self.with_audio]
        return f"{self.quality or 'base price'}{sound}"


BASE = Spot()


def unit_text(unit: str) -> str:
    """As in `second` and `megapixel second`."""
    return unit.replace("_", " ")


class Price(NamedTuple):
    """US dollars a unit; 0 is read, so that somebody is told of it, and never written."""

    amount: Decimal
    unit: Unit = Unit.SECOND

    @property
    def words(self) -> str:
        """As in `0.4` and `2 a clip`."""
        unit = "" if self.unit == Unit.SECOND else f" a {unit_text(self.unit)}"
        return f"{decimal_text(self.amount)}{unit}"


@dataclass(frozen=True)
class Entry:
    """One model of a list."""

    key: str
    prices: Mapping[Spot, Price]
    provider: str = ""
    source: str = ""  # the page that says so
    note: str = ""  # what the list says of its prices
    notes: Sequence[str] = ()  # and what else it says that prices here don't
    deprecation_date: date | None = None
    described: Mapping[str, Any] = field(default_factory=dict)  # columns of a new model, if the list has them

    @property
    def own_price(self) -> Decimal | None:
        """What a model's own price is to be, a second; None if the list has none by the second."""
        base = self.prices.get(BASE)
        return base.amount if base is not None and base.unit == Unit.SECOND else None


@dataclass(frozen=True)
class PriceList:
    name: str
    source: str  # where it was read: a file or an address
    entries: Sequence[Entry]
    skipped: Mapping[str, int] = field(default_factory=dict)  # entries of other kinds, by kind


class Problem(NamedTuple):
    """What is wrong with an entry, or with one field of it."""

    key: str
    field: str
    reason: str


class ListUnreadable(Exception):
    """There is no telling what the list says; the message says why, and where."""


class ListRefused(Exception):
    """Some entries can't be taken over, so none was."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problems in the price list")
        self.problems = problems


def read_amount(value: object) -> Decimal:
    """The exact amount that a list gives. Raises ValueError, in words, for one that can't be a price.

    Nothing is computed with a number before its size is known: `1e999999999` would fill the memory.
    """
    named = shown(value).strip('"')
    try:
        amount = parse_decimal(value)
    except ValueError:
        raise ValueError(f"{named} is no decimal number such as 0.4.") from None
    if not amount:
        return NOTHING
    if amount < 0:
        raise ValueError(f"{named} is below 0. Mend the list, or leave the entry out.")
    if amount > HIGHEST_COST:
        raise ValueError(f"{named} is above ${HIGHEST_COST}, the most that a unit may cost.")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > COST_DECIMALS:
        raise ValueError(
            f"{named} has more than {COST_DECIMALS} decimals, as sums of floats have. "
            "Write what the provider publishes, or leave the entry out."
        )
    return amount


def line(text: object, *, most: int) -> str:
    """A text of a list as one line that columns can hold; empty if it is none."""
    if not isinstance(text, str):
        return ""
    return CONTROL.sub(" ", UNSTORABLE.sub("\ufffd", text)).strip()[:most]
