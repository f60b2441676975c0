"""Our own import file, read as a price list: what it says of prices is the list's, not set by hand."""

from collections.abc import Collection, Iterator, Sequence

from pricing.models import Rate, Unit
from pricing.upstream.price_list import (
    BASE,
    Entry,
    ListRefused,
    ListUnreadable,
    Price,
    PriceList,
    Problem,
    Spot,
    read_amount,
)
from videoai.exchange.located_json import DocumentError
from videoai.exchange.planning import EDITABLE
from videoai.exchange.rates import RATES, Fault, Place, rate_field, read_rates
from videoai.exchange.reader import Row, read

NAME = "videoai"
PRICE = "cost_per_second"
TOO_MUCH = "A price list says amounts and units alone. Leave this out, or set it by hand with import_models."


def read_price_list(
    content: bytes, *, tiers: Collection[str], source: str, without: Collection[str] = ()
) -> PriceList:
    """Raises ListUnreadable, or ListRefused with what is wrong in each row.

    Of a model that exists, only the prices are taken over; a new one also gets the other fields of its row.
    """
    try:
        rows = [row for row in read(content) if row.model_id not in without]
    except DocumentError as error:
        raise ListUnreadable(str(error)) from error
    problems = [*_repeats(rows)]
    entries = []
    for row in rows:
        found = [*_row_problems(row), *_price_problems(row, tiers)]
        problems += found
        if not found and row.model_id is not None:
            entries.append(_entry(row.model_id, row, tiers))
    if problems:
        raise ListRefused(problems)
    if not entries:
        raise ListUnreadable("There is no model in the file.")
    return PriceList(NAME, source, entries)


def _repeats(rows: Sequence[Row]) -> Iterator[Problem]:
    lines: dict[str, int] = {}
    for row in rows:
        key = (row.model_id or "").lower()
        if key and lines.setdefault(key, row.line) != row.line:
            yield _problem(row, "model_id", f"This id stands on line {lines[key]} already.")


def _row_problems(row: Row) -> Iterator[Problem]:
    for problem in row.problems:
        yield _problem(row, problem.field or "", problem.reason)
    if row.model_id is None and not row.problems:
        yield _problem(row, "model_id", "It is missing.")
    for name in row.values:
        if name not in EDITABLE and name != RATES:
            yield _problem(row, name, "There is no such field to take over; leave it out.")
    if PRICE not in row.values:
        yield _problem(row, PRICE, "A price list needs the price of each model.")


def _price_problems(row: Row, tiers: Collection[str]) -> Iterator[Problem]:
    rates, faults = _read_rates(row, tiers)
    for fault in faults:
        yield _problem(row, fault.field, fault.reason)
    for place, rate in rates.items():
        field = rate_field(place.name)
        if place == Place():
            yield _problem(
                row, field, f"In a price list {PRICE} is the price for any quality; leave this out."
            )
        for name in rate.unusual():
            if name != "unit":
                yield _problem(row, f"{field}.{name}", TOO_MUCH)
    try:
        read_amount(row.values.get(PRICE, 1))
    except ValueError as error:
        yield _problem(row, PRICE, str(error))


def _read_rates(row: Row, tiers: Collection[str]) -> tuple[dict[Place, Rate], list[Fault]]:
    return read_rates(row.values.get(RATES, {}), qualities=tiers, read_amount=read_amount)


def _problem(row: Row, name: str, reason: str) -> Problem:
    return Problem(row.model_id or f"line {row.line}", row.called(name), reason)


def _entry(model_id: str, row: Row, tiers: Collection[str]) -> Entry:
    rates, _ = _read_rates(row, tiers)
    # What names more comes first: it settles which of two others counts.
    places = sorted(rates, key=lambda place: -rates[place].specificity)
    prices = {Spot(*place): Price(rates[place].amount, Unit(rates[place].unit)) for place in places}
    described = {name: value for name, value in row.values.items() if name in EDITABLE}
    base = Price(read_amount(row.values[PRICE]), Unit.SECOND)
    return Entry(model_id, {BASE: base, **prices}, described=described)
