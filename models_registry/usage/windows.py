"""Which stretch of time is asked about, and how it is cut into what rollups have sums of."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Q, TextChoices

from models_registry.usage.periods import DAY, EARLIEST, HOUR, LATEST, Grain
from models_registry.usage.reports import MOMENT
from models_registry.values import shown

USUAL = 30 * DAY
WEEK = timedelta(weeks=1)
MOST_PERIODS = 1_000
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Window(NamedTuple):
    """From one whole hour to another in UTC; the end is excluded."""

    start: datetime
    end: datetime


class Span(NamedTuple):
    """Whole stretches of one grain, one after the other; the end is excluded."""

    grain: Grain
    start: datetime
    end: datetime


class Per(TextChoices):
    """How long the periods are that figures are told of."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def start_of(self, moment: datetime) -> datetime:
        """When the period began that `moment` (in UTC) lies in; a week begins on Monday."""
        if self == Per.WEEK:
            return Grain.DAY.start_of(moment) - moment.weekday() * DAY
        return Grain(self.value).start_of(moment)

    def after(self, start: datetime) -> datetime:
        """When the period that begins at `start` ends."""
        return start + WEEK if self == Per.WEEK else Grain(self.value).after(start)

    @property
    def grains(self) -> tuple[Grain, ...]:
        """Of what a period can be put together, the finest first."""
        longest = Grain.DAY if self == Per.WEEK else Grain(self.value)
        return tuple(Grain)[: tuple(Grain).index(longest) + 1]


# --- Reading ---------------------------------------------------------------------------------------------


def read_window(values: Mapping[str, str], *, now: datetime) -> Window:
    """The window from `from` to `to` in `values`; `from` is rounded down to a whole hour, `to` up.

    Either is a time with its zone, or a date, which is its midnight in UTC. Without `to` it is the end of the
    hour of `now`, without `from` 30 days before `to`. Raises ValidationError, keyed by field.
    """
    given = _read(values)
    end = given.get("to") or _rounded_up(now.astimezone(UTC))
    start = given.get("from") or max(EARLIEST, end - USUAL)
    if start >= end:
        raise ValidationError(_nothing_between(start, end, given))
    return Window(Grain.HOUR.start_of(start), _rounded_up(end))


def _read(values: Mapping[str, str]) -> dict[str, datetime]:
    found, errors = {}, {}
    for name in ("from", "to"):
        text = values.get(name)
        if text is not None:
            try:
                found[name] = read_moment(text)
            except ValidationError as error:
                errors[name] = error
    if errors:
        raise ValidationError(errors)
    return found


def read_moment(text: str) -> datetime:
    """A time with its zone, or a date's midnight, in UTC. Raises ValidationError, with a code."""
    given = f"{text}T00:00:00Z" if DATE.fullmatch(text) else text.upper()
    if not MOMENT.fullmatch(given):
        raise ValidationError(
            f"{shown(text)} is neither a date such as 2026-11-22 nor a time with its zone such as "
            "2026-11-22T19:00:00Z (RFC 3339; write a + as %2B).",
            "invalid",
        )
    if int(given[:4]) < EARLIEST.year - 1:
        raise _out_of_reach(text, "min_value")
    if int(given[:4]) > LATEST.year:
        raise _out_of_reach(text, "max_value")
    try:
        moment = datetime.fromisoformat(given).astimezone(UTC)
    except ValueError as error:
        raise ValidationError(f"There is no such time as {shown(text)}.", "invalid") from error
    if not EARLIEST <= moment <= LATEST:
        raise _out_of_reach(text, "min_value" if moment < EARLIEST else "max_value")
    return moment


def _out_of_reach(text: str, code: str) -> ValidationError:
    return ValidationError(f"{shown(text)} is out of reach: from {EARLIEST.date()} to {LATEST.date()}.", code)


def _rounded_up(moment: datetime) -> datetime:
    start = Grain.HOUR.start_of(moment)
    return start if start == moment else start + HOUR


def _nothing_between(
    start: datetime, end: datetime, given: Mapping[str, datetime]
) -> dict[str, ValidationError]:
    told = f"Nothing lies between from={start.isoformat()} and to={end.isoformat()}"
    if "to" not in given:
        told += ", the end of this hour, which it is unless you give it"
    codes = {"from": "max_value", "to": "min_value"}
    return {name: ValidationError(f"{told}; `from` comes first.", codes[name]) for name in given}


# --- Cutting ---------------------------------------------------------------------------------------------


def spans(window: Window, *, grains: tuple[Grain, ...] = tuple(Grain)) -> list[Span]:
    """Cut `window` into the fewest stretches of `grains` (the finest, an hour, first), in order."""
    *finer, longest = grains
    first = window.start if not finer else _next_start(longest, window.start)
    last = window.end if not finer else longest.start_of(window.end)
    if first >= last:
        return spans(window, grains=tuple(finer)) if finer else []
    before, after = Window(window.start, first), Window(last, window.end)
    return [
        *(spans(before, grains=tuple(finer)) if finer else []),
        Span(longest, first, last),
        *(spans(after, grains=tuple(finer)) if finer else []),
    ]


def lying_in(pieces: Iterable[Span]) -> Q:
    """Which rollups and error counts sum up `pieces`."""
    found = Q()
    for grain, start, end in pieces:
        found |= Q(grain=grain.value, start__gte=start, start__lt=end)
    return found


def periods(window: Window, *, per: Per) -> Iterator[Window]:
    """What `window` holds of each period that it meets."""
    start = per.start_of(window.start)
    while start < window.end:
        yield within(window, start, per=per)
        start = per.after(start)


def within(window: Window, start: datetime, *, per: Per) -> Window:
    """What `window` holds of the period that begins at `start`."""
    return Window(max(start, window.start), min(per.after(start), window.end))


def refuse_too_many(window: Window, *, per: Per) -> None:
    """Raises ValidationError if `window` has more periods than anybody looks at."""
    number = number_of_periods(window, per=per)
    if number <= MOST_PERIODS:
        return
    fitting = next(other for other in Per if number_of_periods(window, per=other) <= MOST_PERIODS)
    message = (
        f"That would be {number:,} periods; at most {MOST_PERIODS:,}. Ask per={fitting.value}, "
        "or bring `from` and `to` closer together."
    )
    raise ValidationError({"per": ValidationError(message, "max_items")})


def number_of_periods(window: Window, *, per: Per) -> int:
    first, last = per.start_of(window.start), per.start_of(window.end - HOUR)
    if per == Per.MONTH:
        return (last.year - first.year) * 12 + last.month - first.month + 1
    return (last - first) // (per.after(first) - first) + 1


def _next_start(grain: Grain, moment: datetime) -> datetime:
    start = grain.start_of(moment)
    return start if start == moment else grain.after(start)
