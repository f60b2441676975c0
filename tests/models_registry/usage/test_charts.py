"""Where marks, gridlines and dates of a chart stand."""

from datetime import UTC, datetime, timedelta

import pytest

from models_registry.usage.admin import charts, scales
from models_registry.usage.admin.charts import HEIGHT, WIDTH, Line, Share

MIDNIGHT = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


def labels(axis):
    return [label for _, label in axis.ticks]


# --- Axes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (7, ["0", "2", "4", "6", "8"]),
        (160, ["0", "50", "100", "150", "200"]),
        (1_000, ["0", "200", "400", "600", "800", "1,000"]),
        (9_999, ["0", "2k", "4k", "6k", "8k", "10k"]),
        (35_000_000, ["0", "10M", "20M", "30M", "40M"]),
    ],
)
def test_counts_have_whole_and_round_ticks(highest, expected):
    assert labels(scales.count_axis(highest)) == expected


@pytest.mark.parametrize("highest", [0.0, 0.000001, 0.004, 0.3, 1.0, 86_400.0, 12.34, 99.99])
def test_an_axis_of_seconds_reaches_as_far_as_its_values(highest):
    axis = scales.seconds_axis(highest)

    assert axis.high >= highest
    assert axis.low == 0
    assert 2 <= len(axis.ticks) <= scales.MOST_TICKS + 2
    assert len(set(labels(axis))) == len(axis.ticks)
    assert all(label.endswith(" s") for label in labels(axis))


@pytest.mark.parametrize(
    ("lowest", "floor"), [(0, 0), (49, 0), (50, 50), (79.9, 50), (93, 90), (99.3, 99), (100, 99)]
)
def test_an_axis_of_shares_begins_at_a_round_one_and_ends_at_100(lowest, floor):
    axis = scales.percent_axis(lowest)

    assert (axis.low, axis.high) == (floor, 100)
    assert labels(axis)[-1].startswith("100")


# --- Dates -----------------------------------------------------------------------------------------------


def test_a_month_of_days_is_told_by_its_mondays():
    found = scales.dates([MIDNIGHT + i * DAY for i in range(30)], "day")

    assert [(date.period, date.label) for date in found] == [
        (0, "Nov 2"),
        (7, "Nov 9"),
        (14, "Nov 16"),
        (21, "Nov 23"),
        (28, "Nov 30"),
    ]


def test_hours_are_told_by_the_clock_and_midnight_by_its_day():
    hours = [MIDNIGHT - 3 * DAY / 24 + i * DAY / 24 for i in range(24)]

    assert [date.label for date in scales.dates(hours, "hour")] == [
        *("21:00", "Nov 2", "03:00", "06:00"),
        *("09:00", "12:00", "15:00", "18:00"),
    ]


def test_months_are_told_with_their_year():
    months = [datetime(2026 + i // 12, i % 12 + 1, 1, tzinfo=UTC) for i in range(14)]

    first, *_, last = scales.dates(months, "month")

    assert (first.label, last.label) == ("Jan 2026", "Jan 2027")


@pytest.mark.parametrize(("per", "length"), [("hour", 1 / 24), ("day", 1), ("week", 7), ("month", 31)])
@pytest.mark.parametrize("number", [1, 2, 8, 9, 24, 60, 120])
def test_there_are_some_dates_but_never_too_many(per, length, number):
    starts = [MIDNIGHT + i * length * DAY for i in range(number)]

    assert 1 <= len(scales.dates(starts, per)) <= scales.MOST_DATES * 2


# --- Columns ---------------------------------------------------------------------------------------------


def column(*parts, highest=10):
    axis = scales.count_axis(highest)
    plot = charts.columns([parts], axis=axis, dates=scales.dates([MIDNIGHT], "day"), titles=["Monday"])
    return plot.slots[0]


def test_stacked_bars_stand_on_each_other():
    good, bad = column(("good", 6), ("bad", 4)).bars

    assert (good.kind, bad.kind) == ("good", "bad")
    assert float(good.y) + float(good.height) == HEIGHT
    assert float(good.height) == pytest.approx(HEIGHT * 0.6)
    assert float(bad.y) == 0
    assert float(bad.y) + float(bad.height) == pytest.approx(float(good.y))


def test_of_nothing_there_is_no_bar_and_of_little_a_visible_one():
    assert column(("good", 0), ("bad", 0)).bars == []

    [good, bad] = column(("good", 99_999), ("bad", 1), highest=100_000).bars

    assert float(bad.height) == charts.LEAST
    assert float(good.height) > 100


def test_each_period_answers_for_its_own_part_of_the_width():
    plot = charts.columns(
        [[("good", 1)], [], [], []], axis=scales.count_axis(1), dates=[], titles=["a", "b", "c", "d"]
    )

    assert [(slot.x, slot.width, slot.title) for slot in plot.slots] == [
        *(("0", "250", "a"), ("250", "250", "b")),
        *(("500", "250", "c"), ("750", "250", "d")),
    ]
    assert WIDTH == 1_000


# --- Lines -----------------------------------------------------------------------------------------------


def drawn(*values, band=None):
    return charts.lines(
        [Line("rate", values)], axis=scales.percent_axis(0), dates=[], titles=["x"] * len(values), band=band
    )


def test_a_line_goes_through_the_middle_of_its_periods():
    [path] = drawn(0.0, 50.0, 100.0, 100.0).lines

    assert path == charts.Path("rate", "M125 180 L375 90 L625 0 L875 0")


def test_a_line_breaks_where_nothing_is_known():
    paths = drawn(100.0, 100.0, None, None, 50.0, 50.0).lines

    assert [path.d.count("L") for path in paths] == [1, 1]
    assert "180" not in "".join(path.d.split()[1] for path in paths)


def test_a_single_point_is_a_dot():
    [first, second] = drawn(None, 50.0, None, 0.0).lines

    assert (first.kind, first.d) == ("rate dot", "M375 90h0.01")
    assert second.d.startswith("M875 180")


def test_of_nothing_known_nothing_is_drawn():
    plot = drawn(None, None, band=(Line("interval", [None, None]), Line("interval", [None, None])))

    assert (plot.lines, plot.areas) == ([], [])
    assert len(plot.slots) == 2


def test_a_band_reaches_from_the_lower_line_to_the_upper():
    low, high = Line("interval", [0.0, 50.0]), Line("interval", [50.0, 100.0])

    [area] = drawn(20.0, 70.0, band=(low, high)).areas

    assert area.d == "M250 90 L750 0 L750 90 L250 180Z"


# --- Horizontal bars -------------------------------------------------------------------------------------


def test_bars_are_as_wide_as_their_numbers():
    found = charts.bars([Share("a", 100, "100"), Share("b", 25, "25"), Share("c", 0, "0")])

    assert [bar.width for bar in found.bars] == ["66", "16.5", "0"]
    assert found.height == 3 * charts.ROW


def test_a_long_name_is_shortened_but_told_in_full():
    [bar] = charts.bars([Share("x" * 200, 1, "1")]).bars

    assert bar.label == f"{'x' * 39}…"
    assert bar.title == f"{'x' * 200}: 1"


def test_no_shares_are_no_bars():
    assert charts.bars([]) == charts.Bars(0, [])
