"""The ranges of the usage pages, and how their periods are called."""

from datetime import UTC, date, datetime

import pytest

from models_registry.usage.admin.ranges import (
    MOST_PERIODS,
    PRESETS,
    automatic,
    days_between,
    period_text,
    recent,
    window_text,
)
from models_registry.usage.windows import Per, Window, number_of_periods, periods

NOW = datetime(2026, 11, 18, 13, 45, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("preset", "told", "per"),
    [
        ("24h", "2026-11-17 14:00 to 2026-11-18 14:00", Per.HOUR),
        ("7d", "2026-11-12 to 2026-11-18", Per.DAY),
        ("30d", "2026-10-20 to 2026-11-18", Per.DAY),
        ("90d", "2026-08-21 to 2026-11-18", Per.DAY),
        ("1y", "2025-11-17 to 2026-11-18", Per.WEEK),
    ],
)
def test_a_preset_ends_with_today_and_fits_into_a_chart(preset, told, per):
    window = recent(preset, now=NOW)

    assert (window_text(window), automatic(window)) == (told, per)


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset != "24h"])
@pytest.mark.parametrize("per", [Per.DAY, Per.WEEK, Per.MONTH])
def test_the_first_period_of_a_preset_is_a_whole_one(preset, per):
    window = recent(preset, now=NOW, per=per)

    assert per.start_of(window.start) == window.start


def test_days_are_told_with_the_last_one_included():
    window = days_between(date(2026, 2, 1), date(2026, 2, 28))

    assert window == Window(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    assert window_text(window) == "2026-02-01 to 2026-02-28"
    assert window_text(days_between(date(2026, 2, 1), date(2026, 2, 1))) == "2026-02-01"


@pytest.mark.parametrize("days", [1, 5, 6, 120, 121, 840, 841, 2_500])
def test_periods_are_as_short_as_fit(days):
    window = days_between(date(2020, 1, 1), date.fromordinal(date(2020, 1, 1).toordinal() + days - 1))
    per = automatic(window)

    assert number_of_periods(window, per=per) <= MOST_PERIODS
    shorter = tuple(Per)[: tuple(Per).index(per)]
    assert all(number_of_periods(window, per=other) > MOST_PERIODS for other in shorter)


@pytest.mark.parametrize(
    ("first", "last", "per", "expected"),
    [
        ((2026, 11, 1), (2026, 11, 1), Per.DAY, ["2026-11-01"]),
        ((2026, 11, 17), (2026, 11, 18), Per.DAY, ["2026-11-17", "2026-11-18 (so far)"]),
        ((2026, 10, 7), (2026, 10, 13), Per.WEEK, ["2026-10-07 to 2026-10-11", "2026-10-12 to 2026-10-13"]),
        ((2026, 1, 1), (2026, 2, 5), Per.MONTH, ["2026-01", "2026-02-01 to 2026-02-05"]),
    ],
)
def test_a_period_is_called_by_what_is_told_of_it(first, last, per, expected):
    window = days_between(date(*first), date(*last))

    assert [period_text(period, per=per, now=NOW) for period in periods(window, per=per)] == expected


def test_hours_are_called_by_their_beginning_and_parts_of_days_by_what_they_are():
    window = recent("24h", now=NOW)
    hours = [period_text(period, per=Per.HOUR, now=NOW) for period in periods(window, per=Per.HOUR)]

    assert hours[0] == "2026-11-17 14:00"
    assert hours[-1] == "2026-11-18 13:00 (so far)"
    assert [period_text(period, per=Per.DAY, now=NOW) for period in periods(window, per=Per.DAY)] == [
        *("2026-11-17 (part)", "2026-11-18 (so far)")
    ]
