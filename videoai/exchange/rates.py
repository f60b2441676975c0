"""What a file says of a model's rates: at a place, by its name, a decimal or an object that says more."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

from models_registry.values import UNSTORABLE, decimal_text, parse_decimal, parse_moment, shown
from pricing.models import Rate, Unit
from pricing.models.rate import ANY_QUALITY, HIGHEST_MINIMUM, SAID, WITH_SOUND, WITHOUT_SOUND
from pricing.services import ties

RATES = "rates"
AMOUNT = "amount"
CHARGED = {AMOUNT, "unit", "minimum_charge"}  # what `Charge` tells of a rate
SOUNDS = {WITH_SOUND: True, WITHOUT_SOUND: False}


class Place(NamedTuple):
    """What a rate of a model is for."""

    quality: str | None = None  # None: any
    with_audio: bool | None = None  # None: with and without sound

    @property
    def name(self) -> str:
        """As in `720p`, `720p+audio` and `*-audio`."""
        return self.rate().place_name

    def rate(self, **said: Any) -> Rate:
        """An unsaved rate for it, set by hand."""
        return Rate(quality_id=self.quality, with_audio=self.with_audio, **said)

    @classmethod
    def of(cls, rate: Rate) -> "Place":
        return cls(rate.quality_id, rate.with_audio)

    @classmethod
    def named(cls, name: str, qualities: Collection[str]) -> "Place | None":
        """The place of that name, if there is one: a tier may be called `x-audio`, and comes first."""
        for ending, with_audio in ({"": None} | SOUNDS).items():
            quality = name.removesuffix(ending)
            if name.endswith(ending) and (quality == ANY_QUALITY or quality in qualities):
                return cls(None if quality == ANY_QUALITY else quality, with_audio)
        return None


class Fault(NamedTuple):
    field: str  # as in `rates.720p+audio.unit`
    reason: str
    code: str = ""  # of the catalogue's error, if it was one


@dataclass(frozen=True)
class Charge:
    """What a rate that is not by the second alone charges, as in `2 per clip`; equal charges read alike."""

    words: str


def rate_field(place: str) -> str:
    """What reports call the rate for the place of that name."""
    return f"{RATES}.{place}"


def said(rate: Rate) -> dict[str, Any]:
    """What a file says of `rate`: its amount, and what else is not as usual."""
    return {AMOUNT: rate.amount, **rate.unusual()}


def report_fields(rate: Rate) -> dict[str, Any]:
    """The fields of a report: what `rate` charges, and one each for its source and note."""
    name = rate_field(rate.place_name)
    unusual = rate.unusual()
    charge = Charge(rate.words) if unusual.keys() & CHARGED else rate.amount
    details = {f"{name}.{key}": value for key, value in unusual.items() if key not in CHARGED}
    return {name: charge, **details}


# --- Reading ---------------------------------------------------------------------------------------------


def amount_in_range(value: object) -> Decimal:
    """What a unit may cost. Raises ValueError, in words."""
    return _decimal(value, AMOUNT, lambda error: " ".join(error.messages))


def read_rates(
    given: object, *, qualities: Collection[str], read_amount: Callable[[object], Decimal] = amount_in_range
) -> tuple[dict[Place, Rate], list[Fault]]:
    """The rates of one row by place, those without a fault; and all faults.

    `qualities` are the keys of the tiers.
    `read_amount` raises ValueError, in words, for what can't be an amount.
    """
    if not isinstance(given, Mapping):
        return {}, [Fault(RATES, f'{shown(given)} is no JSON object such as {{"720p": "0.4"}}.')]
    rates: dict[Place, Rate] = {}
    faults: list[Fault] = []
    places: list[Place] = []
    for name, value in given.items():
        values, found = _read_value(rate_field(name), value, read_amount)
        place = Place.named(name, qualities)
        if place is None:
            found.insert(0, Fault(rate_field(name), _no_place(name, qualities)))
        else:
            places.append(place)
            rates |= {} if found else {place: place.rate(**values)}
        faults += found
    return rates, [*faults, *_ties(places)]


def _no_place(name: str, qualities: Collection[str]) -> str:
    known = ", ".join(sorted(qualities)) or "none yet"
    return (
        f"{shown(name)} is no quality tier. There are: {known}. {ANY_QUALITY} stands for any, and "
        f"{WITH_SOUND} or {WITHOUT_SOUND} may follow."
    )


def _ties(places: Collection[Place]) -> Iterator[Fault]:
    """Told once each, of the one that names the sound."""
    others = [place.rate() for place in places]
    for place in places:
        if place.quality is None and place.with_audio is not None:
            for tie in ties(place.rate(), others):
                yield Fault(rate_field(place.name), tie.message, tie.code)


def _read_value(
    field: str, value: object, read_amount: Callable[[object], Decimal]
) -> tuple[dict[str, Any], list[Fault]]:
    """What is said at one place, and what is wrong with it."""
    if not isinstance(value, Mapping):
        return _read_all({AMOUNT: value}, {AMOUNT: read_amount}, lambda _: field)
    readers = {AMOUNT: read_amount, **DETAIL_READERS}
    values, faults = _read_all(value, readers, lambda name: f"{field}.{name}")
    if AMOUNT not in value:
        faults.append(Fault(field, f'The "{AMOUNT}" is missing, as in {{"{AMOUNT}": "2", "unit": "clip"}}.'))
    return values, faults


def _read_all(
    given: Mapping[str, object], readers: Mapping[str, Callable[[object], Any]], field: Callable[[str], str]
) -> tuple[dict[str, Any], list[Fault]]:
    values: dict[str, Any] = {}
    faults = []
    for name, value in given.items():
        if name not in readers:
            reason = f"A rate has no such field; leave it out. There are: {', '.join(SAID)}."
            faults.append(Fault(field(name), reason))
            continue
        try:
            values[name] = readers[name](value)
        except ValueError as error:
            faults.append(Fault(field(name), str(error)))
    return values, faults


def _decimal(value: object, column: str, refusal: Callable[[ValidationError], str]) -> Decimal:
    try:
        number = parse_decimal(value)
    except ValueError:
        raise ValueError(f'{shown(value)} is not a decimal number such as "0.4".') from None
    field: Any = Rate._meta.get_field(column)
    try:
        cleaned: Decimal = field.clean(number, None)
    except ValidationError as error:
        raise ValueError(f"{shown(value)}: {refusal(error)}") from error
    return cleaned


def _read_minimum(value: object) -> Decimal:
    told = f"a minimum lies between $0 and ${decimal_text(HIGHEST_MINIMUM)}, and has at most 9 decimals."
    return _decimal(value, "minimum_charge", lambda error: told)


def _read_unit(value: object) -> Unit:
    if value not in Unit.values:
        raise ValueError(f"{shown(value)} is no unit. There are: {', '.join(Unit.values)}.")
    return Unit(value)


def _read_moment(value: object) -> datetime:
    try:
        return parse_moment(value)
    except ValueError as error:
        raise ValueError(f"{error}.") from error


def _text_reader(column: str) -> Callable[[object], str]:
    field: Any = Rate._meta.get_field(column)
    most: int = field.max_length

    def read(value: object) -> str:
        if not isinstance(value, str) or UNSTORABLE.search(value):
            raise ValueError(f"{shown(value)} is no text that can be stored.")
        if len(value) > most:
            raise ValueError(f"{shown(value)} has {len(value):,} characters. Shorten it to {most:,}.")
        return value

    return read


DETAIL_READERS: Mapping[str, Callable[[object], Any]] = {
    "unit": _read_unit,
    "minimum_charge": _read_minimum,
    "source": _text_reader("source"),
    "source_fetched_at": _read_moment,
    "note": _text_reader("note"),
}
