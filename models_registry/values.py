"""Single values: reading money exactly, writing it one way, comparing JSON, quoting in messages."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

DECIMAL = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
YEARS = range(1970, 9_999)  # of moments, whatever zone they are told in
# PostgreSQL stores neither, and no font shows them.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
# Browsers drop these from inputs of one line, so that saving a form would change what nobody touched.
CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
# Python's own context would round after 28 digits.
WIDE = Context(prec=100)


def shown(value: object) -> str:
    """`value` as an error message quotes it: as JSON where it can be, and never long."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    text = UNSTORABLE.sub("\ufffd", text)
    return text if len(text) <= 60 else f"{text[:57]}…"


def parse_decimal(value: object) -> Decimal:
    """An exact decimal from a decimal text, a whole number or a `Decimal`, without trailing zeros.

    Raises ValueError for anything else: floats (already inexact), booleans, NaN, `1_000`, digits of other
    scripts.
    """
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError(f"{shown(value)} is no exact decimal number")
    # A huge number is left as it came, for the limits to refuse: writing it out would fill the memory.
    is_huge = abs(value.adjusted()) > 60 or len(value.as_tuple().digits) > WIDE.prec
    return value if is_huge else value.normalize(WIDE)


def decimal_text(value: Decimal) -> str:
    """The exact value without exponent or trailing zeros: how money is written everywhere."""
    return format(value.normalize(WIDE), "f") if value else "0"


def price_text(value: Decimal) -> str:
    """The exact value with at least the cents, as in `$1.40` and `$0.480375`."""
    text = decimal_text(value)
    whole, _, decimals = text.partition(".")
    return f"${whole}.{decimals:0<2}"


def moment_text(moment: datetime) -> str:
    """As people read it, as in `2026-11-22 19:18:05 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def rfc3339(moment: datetime) -> str:
    """In UTC and to the millisecond, as in `2026-11-22T19:18:05.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_moment(value: object) -> datetime:
    """The time that an RFC 3339 text, or a `datetime` with a zone, tells, in UTC.

    Raises ValueError for anything else.
    """
    wrong = f"{shown(value)} is no time with its zone such as 2026-11-22T19:18:05Z (RFC 3339)"
    if isinstance(value, str) and MOMENT.fullmatch(value):
        with suppress(ValueError):
            value = datetime.fromisoformat(value.upper())
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(wrong)
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        raise ValueError(wrong) from None
    if moment.year not in YEARS:
        raise ValueError(f"{shown(value)} is out of reach: years from {YEARS[0]} to {YEARS[-1]}")
    return moment


def in_milliseconds(moment: datetime) -> datetime:
    """`moment` without what `dumpdata` would leave out: JSON of Django's keeps three decimals of a second."""
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)


def same(one: Any, other: Any) -> bool:
    """Equality as JSON means it: 1 is 1.0, but `true` is not 1, as Python has it."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
