"""Our own import file, read as a price list: what it says of prices is the list's, not set by hand."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from models_registry.values import shown
from pricing.models import Unit
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
from videoai.exchange.planning import EDITABLE, RATES
from videoai.exchange.reader import Row, read

NAME = "videoai"
PRICE = "cost_per_second"


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
            entries.append(_entry(row.model_id, row))
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
    rates = row.values.get(RATES, {})
    if not isinstance(rates, Mapping):
        yield _problem(row, RATES, f'{shown(rates)} is no JSON object such as {{"720p": "0.4"}}.')
        return
    for quality in rates:
        if quality not in tiers:
            known = ", ".join(sorted(tiers)) or "none yet"
            reason = f"{shown(quality)} is no quality tier. Add it to them. There are: {known}."
            yield _problem(row, f"{RATES}.{quality}", reason)
    given = {PRICE: row.values.get(PRICE, 1), **{f"{RATES}.{key}": value for key, value in rates.items()}}
    for name, value in given.items():
        try:
            read_amount(value)
        except ValueError as error:
            yield _problem(row, name, str(error))


def _problem(row: Row, name: str, reason: str) -> Problem:
    return Problem(row.model_id or f"line {row.line}", row.called(name), reason)


def _entry(model_id: str, row: Row) -> Entry:
    rates: Mapping[str, Any] = row.values.get(RATES, {})
    prices = {BASE: row.values[PRICE], **{Spot(quality): value for quality, value in rates.items()}}
    described = {name: value for name, value in row.values.items() if name in EDITABLE}
    return Entry(
        model_id,
        {spot: Price(read_amount(value), Unit.SECOND) for spot, value in prices.items()},
        described=described,
    )
