"""Lengths of time as people write them, and moments as they read them."""

import re
from datetime import UTC, datetime, timedelta

from videoai.access.errors import SpanUnfit

SPAN = re.compile(r"([0-9]{1,7})([mhdw])")
NEVER = "never"
UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def read_span(text: str) -> timedelta:
    """`30m`, `12h`, `90d`, `2w`; a bare `0` too. Raises SpanUnfit for anything else."""
    found = SPAN.fullmatch(text)
    if found:
        number, unit = found.groups()
        return int(number) * UNITS[unit]
    if text == "0":
        return timedelta(0)
    raise SpanUnfit("Write a number and a unit, as in 30m, 12h, 90d or 2w.")


def read_life(text: str) -> timedelta | None:
    """A span, or `never`: None. Raises SpanUnfit."""
    return None if text == NEVER else read_span(text)


def utc_text(moment: datetime | None) -> str:
    """As in `2026-11-22 19:18 UTC`; `never` for none."""
    return NEVER if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
