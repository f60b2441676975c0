"""Axes with round numbers and readable dates."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

MOST_TICKS = 5
MOST_DATES = 8
# Where the axis of a share may begin: what never falls below 95 % should not hide in the upper rim.
FLOORS = (99.0, 95.0, 90.0, 80.0, 50.0, 0.0)
# How many periods apart dates may stand.
DATE_STEPS = {
    "hour": (1, 2, 3, 6, 12, 24, 48),
    "day": (1, 2, 7, 14, 28),
    "week": (1, 2, 4, 8, 13, 26),
    "month": (1, 2, 3, 6, 12),
}
ROUND = (1, 2, 5, 10)
# What long numbers are told in; from ten of a unit on, so that the steps between them are whole.
UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"), (1, ""))


class Axis(NamedTuple):
    """From `low` to `high`, with values that are told."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        """How far up `value` lies: 0 to 1."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


class Date(NamedTuple):
    """The label of the period with this number, from 0."""

    period: int
    label: str


def count_axis(highest: int) -> Axis:
    return _axis(0, highest, least_step=1, unit="")


def seconds_axis(highest: float) -> Axis:
    return _axis(0, highest, least_step=0.001, unit=" s")


def percent_axis(lowest: float) -> Axis:
    """Up to 100 %, from a round share below `lowest`."""
    low = next(floor for floor in FLOORS if floor <= max(0.0, lowest))
    return _axis(low, 100.0, least_step=0.1, unit=" %")


def dates(starts: Sequence[datetime], per: str) -> list[Date]:
    """At most `MOST_DATES` of the periods that begin at `starts`, evenly spread and on round dates."""
    steps = DATE_STEPS[per]
    step = next((step for step in steps if len(starts) <= step * MOST_DATES), steps[-1])
    return [Date(i, _date(start, per)) for i, start in enumerate(starts) if _ordinal(start, per) % step == 0]


def round_step(span: float, *, least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten of which `MOST_TICKS` reach over `span`."""
    wanted = max(span / MOST_TICKS, least)
    power = math.floor(math.log10(wanted))
    return next(n * 10.0**power for n in ROUND if n * 10.0**power >= wanted * (1 - 1e-9))


def _axis(low: float, highest: float, *, least_step: float, unit: str) -> Axis:
    step = round_step(highest - low, least=least_step) if highest > low else least_step
    number = max(1, math.ceil((highest - low) / step - 1e-9))
    ticks = [low + i * step for i in range(number + 1)]
    size, letter = next((one for one in UNITS if ticks[-1] >= 10 * one[0]), UNITS[-1])
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    told = [f"{tick / size:,.{decimals}f}{letter if tick else ''}{unit}" for tick in ticks]
    return Axis(low, ticks[-1], tuple(zip(ticks, told, strict=True)))


def _ordinal(start: datetime, per: str) -> int:
    """Consecutive numbers of consecutive periods; those of midnights, Mondays and Januaries are round."""
    days = start.toordinal() - 1  # a Monday's is divided by seven
    return {
        "hour": days * 24 + start.hour,
        "day": days,
        "week": days // 7,
        "month": start.year * 12 + start.month - 1,
    }[per]


def _date(start: datetime, per: str) -> str:
    if per == "hour" and start.hour:
        return f"{start:%H:%M}"
    return f"{start:%b %Y}" if per == "month" else f"{start:%b} {start.day}"
