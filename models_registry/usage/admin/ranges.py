"""Stretches of time that a page can show, and how they are cut so that a chart stays readable."""

from datetime import UTC, date, datetime, time
from typing import NamedTuple

from models_registry.usage.periods import DAY, HOUR, Grain
from models_registry.usage.windows import Per, Window, number_of_periods

MOST_PERIODS = 120


class Preset(NamedTuple):
    """A range that moves on with the clock."""

    name: str
    days: int


PRESETS = {
    "24h": Preset("24 hours", 1),
    "7d": Preset("7 days", 7),
    "14d": Preset("14 days", 14),
    "30d": Preset("30 days", 30),
    "90d": Preset("90 days", 90),
    "1y": Preset("1 year", 365),
}
USUAL = "30d"


def recent(preset: str, *, now: datetime, per: Per | None = None) -> Window:
    """The last whole days, today being the last of them, or hours; the first of the periods is whole, too."""
    days = PRESETS[preset].days
    if days == 1:
        end = Grain.HOUR.start_of(now) + HOUR
        return Window(end - DAY, end)
    end = Grain.DAY.start_of(now) + DAY
    start = end - days * DAY
    return Window((per or automatic(Window(start, end))).start_of(start), end)


def days_between(first: date, last: date) -> Window:
    """From the midnight that `first` begins with to the one that `last` ends with."""
    return Window(_midnight(first), _midnight(last) + DAY)


def fits(window: Window, per: Per) -> bool:
    return number_of_periods(window, per=per) <= MOST_PERIODS


def automatic(window: Window) -> Per:
    """The shortest periods that fit; months of any length do."""
    return next((per for per in Per if fits(window, per)), Per.MONTH)


def window_text(window: Window) -> str:
    if window.start.hour or window.end.hour:
        return f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M}"
    first, last = window.start.date(), (window.end - DAY).date()
    return f"{first}" if first == last else f"{first} to {last}"


def period_text(period: Window, *, per: Per, now: datetime) -> str:
    """As in `2026-11-22`; where it is told of in part, that too."""
    is_whole = per.start_of(period.start) == period.start and per.after(period.start) == period.end
    text = _plain(period, per=per, is_whole=is_whole)
    if period.start <= now < period.end:
        return f"{text} (so far)"
    return text if is_whole or per in {Per.WEEK, Per.MONTH} else f"{text} (part)"


def _plain(period: Window, *, per: Per, is_whole: bool) -> str:
    if per == Per.HOUR:
        return f"{period.start:%Y-%m-%d %H:%M}"
    first, last = period.start.date(), (period.end - HOUR).date()
    if per == Per.MONTH and is_whole:
        return f"{first:%Y-%m}"
    return f"{first}" if first == last else f"{first} to {last}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
