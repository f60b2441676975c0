"""Reads the public price map of LiteLLM: a JSON object of all kinds of models; the video models count."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from models_registry.strict_json import Fault, path_text, read_document
from models_registry.values import shown
from pricing.models import Unit
from pricing.models.rate import USD
from pricing.upstream.price_list import (
    BASE,
    KEY_LENGTH,
    NOTE_LENGTH,
    SOURCE_LENGTH,
    Entry,
    ListRefused,
    ListUnreadable,
    Price,
    PriceList,
    Problem,
    Spot,
    line,
    read_amount,
)

NAME = "litellm"
VIDEO = "video_generation"
MOST_BYTES = 20 * 1024 * 1024
MOST_NOTES = 20
# How the map calls the same thing; a tier is a suffix. The longest stands first: one name begins another.
PRICE_FIELDS = {
    "output_cost_per_video_per_second": Unit.SECOND,
    "output_cost_per_second": Unit.SECOND,
    "output_cost_per_video": Unit.CLIP,
}
# Fields about money that prices here have no place for are told of in the notes.
ABOUT_MONEY = ("cost", "price", "provider_specific_entry")
LOWEST_STANDS_IN = "The list has no base price: the lowest of its tiers stands in for it."


class Named(NamedTuple):
    """What the name of a field says of the price in it."""

    spot: Spot
    unit: Unit


def read(content: bytes, *, tiers: Collection[str], source: str, without: Collection[str] = ()) -> PriceList:
    """The video models of a map; `tiers` are the keys of the quality tiers, `without` entries to pass over.

    Raises ListUnreadable, or ListRefused with what is wrong in each entry.
    """
    document = _document(content)
    reader = _Reader(tiers)
    wanted = {key: fields for key, fields in document.items() if key not in without}
    entries = [entry for key, fields in wanted.items() if (entry := reader.entry(key, fields))]
    if reader.problems:
        raise ListRefused(reader.problems)
    if not entries:
        raise ListUnreadable(f"None of {len(wanted):,} entries is of a video model. Is it the right file?")
    return PriceList(NAME, source, entries, dict(reader.skipped))


def _document(content: bytes) -> Mapping[str, Any]:
    if len(content) > MOST_BYTES:
        raise ListUnreadable(f"The list has more than {MOST_BYTES // 1024**2} MiB.")
    try:
        document, faults = read_document(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ListUnreadable(f"Byte {error.start} is not UTF-8.") from error
    except json.JSONDecodeError as error:
        ending = "" if error.doc[error.pos :].strip() else "; the list ends too early"
        raise ListUnreadable(f"line {error.lineno}, column {error.colno}: {error.msg}{ending}") from error
    if faults:
        raise ListRefused([_problem(fault) for fault in faults])
    if not isinstance(document, dict):
        raise ListUnreadable('A price map is a JSON object such as {"openai/sora-2": {…}}.')
    return document


def _problem(fault: Fault) -> Problem:
    key = str(fault.path[0]) if fault.path else "the list"
    return Problem(key[:KEY_LENGTH], path_text(fault.path[1:]), fault.message)


class _Reader:
    """Goes through the entries, and keeps what is wrong with them and how many are of another kind."""

    def __init__(self, tiers: Collection[str]) -> None:
        self.tiers = tiers
        self.problems: list[Problem] = []
        self.skipped: Counter[str] = Counter()

    def entry(self, key: str, fields: object) -> Entry | None:
        """None for one of another kind, or one with a problem."""
        if not isinstance(fields, dict):
            self.problems.append(Problem(key, "", f"{shown(fields)} is no entry: {{…}}."))
            return None
        mode = fields.get("mode")
        if mode != VIDEO:
            self.skipped[mode if isinstance(mode, str) and len(mode) <= 40 else "other"] += 1
            return None
        known = len(self.problems)
        self.problems += _entry_problems(key, fields)
        prices = self._prices(key, fields)
        when = self._deprecation_date(key, fields)
        if len(self.problems) > known:
            return None
        return _entry(key, fields, prices, when)

    def _prices(self, key: str, fields: Mapping[str, Any]) -> dict[Spot, Price]:
        prices: dict[Spot, Price] = {}
        for name, named in _price_fields(fields):
            try:
                price = Price(read_amount(fields[name]), named.unit)
                self._check(named.spot, price, prices.get(named.spot))
            except ValueError as error:
                self.problems.append(Problem(key, name, str(error)))
            else:
                prices[named.spot] = price
        return prices

    def _check(self, spot: Spot, price: Price, other: Price | None) -> None:
        """Raise ValueError for a tier that is none, or a second price for the same thing."""
        if spot.quality is not None and spot.quality not in self.tiers:
            raise ValueError(
                f"{shown(spot.quality)} is no quality tier. Add it to the quality tiers, "
                f"or leave the entry out. There are: {', '.join(sorted(self.tiers)) or 'none yet'}."
            )
        if other is not None and other != price:
            raise ValueError(f"It says {price.words}, and another field for the same says {other.words}.")

    def _deprecation_date(self, key: str, fields: Mapping[str, Any]) -> date | None:
        value = fields.get("deprecation_date")
        try:
            return None if value is None else date.fromisoformat(value)
        except (TypeError, ValueError):
            self.problems.append(
                Problem(key, "deprecation_date", f"{shown(value)} is no date such as 2026-09-24.")
            )
            return None


def _entry_problems(key: str, fields: Mapping[str, Any]) -> Iterator[Problem]:
    if not key.strip() or len(key) > KEY_LENGTH or line(key, most=KEY_LENGTH) != key:
        yield Problem(key[:KEY_LENGTH], "", f"A key is a line of 1 to {KEY_LENGTH} characters.")
    currency = fields.get("currency", USD)
    if currency != USD:
        yield Problem(key, "currency", f"{shown(currency)} is not read: prices here are in {USD}.")
    if not any(True for _ in _price_fields(fields)):
        expected = ", ".join(PRICE_FIELDS)
        yield Problem(key, "", f"It has no price for its output. One of these is read: {expected}.")


def _price_fields(fields: Mapping[str, Any]) -> Iterator[tuple[str, Named]]:
    """The fields that hold a price, with what their names say; null is no price."""
    for name, value in fields.items():
        named = _named(name)
        if named is not None and value is not None:
            yield name, named


def _named(field: str) -> Named | None:
    for name, unit in PRICE_FIELDS.items():
        if field == name:
            return Named(BASE, unit)
        if field.startswith(f"{name}_"):
            return Named(Spot(field.removeprefix(f"{name}_")), unit)
    return None


def _entry(key: str, fields: Mapping[str, Any], prices: dict[Spot, Price], when: date | None) -> Entry:
    metadata = fields.get("metadata")
    comment = line(metadata.get("comment") if isinstance(metadata, dict) else "", most=NOTE_LENGTH)
    notes = [comment] if comment else []
    by_the_second = [price for price in prices.values() if price.unit == Unit.SECOND]
    if BASE not in prices and by_the_second:
        prices = {BASE: min(by_the_second), **prices}
        notes.append(LOWEST_STANDS_IN)
    return Entry(
        key,
        prices,
        provider=line(fields.get("litellm_provider"), most=100),
        source=line(fields.get("source"), most=SOURCE_LENGTH),
        note=comment,
        notes=[*notes, *_unread(fields)][:MOST_NOTES],
        deprecation_date=when,
    )


def _unread(fields: Mapping[str, Any]) -> Iterator[str]:
    """What the entry says of money that is not taken over."""
    for name, value in fields.items():
        if _named(name) is None and any(word in name for word in ABOUT_MONEY):
            yield line(f"Not taken over: {name} {_text(value)}", most=SOURCE_LENGTH)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str).replace('"', "")
