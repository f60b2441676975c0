from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from models_registry.usage.periods import HOUR, Grain
from models_registry.usage.windows import (
    MOST_PERIODS,
    Per,
    Span,
    Window,
    number_of_periods,
    periods,
    read_window,
    refuse_too_many,
    spans,
)

NOW = datetime(2026, 11, 22, 19, 18, 5, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, end: str) -> Window:
    return Window(at(start), at(end))


HOURS = st.integers(0, 24 * 366 * 4).map(lambda hours: at("2023-11-20") + hours * HOUR)


def windows(*, days: int) -> st.SearchStrategy[Window]:
    lengths = st.integers(1, 24 * days)
    return st.builds(lambda start, hours: Window(start, start + hours * HOUR), HOURS, lengths)


class TestReading:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({}, window("2026-10-23T20:00", "2026-11-22T20:00")),
            ({"from": "2026-11-22T10:59:59Z"}, window("2026-11-22T10:00", "2026-11-22T20:00")),
            ({"to": "2026-03-01"}, window("2026-01-30", "2026-03-01")),
            ({"to": "2020-01-05"}, window("2020-01-01", "2020-01-05")),
            ({"from": "2024-02-29", "to": "2024-03-01"}, window("2024-02-29", "2024-03-01")),
            (
                {"from": "2026-11-01T10:00:00Z", "to": "2026-11-01T10:00:00.000001Z"},
                window("2026-11-01T10:00", "2026-11-01T11:00"),
            ),
            (
                {"from": "2026-11-01T10:15:00Z", "to": "2026-11-01t10:45:00.123456789z"},
                window("2026-11-01T10:00", "2026-11-01T11:00"),
            ),
            (
                {"from": "2026-11-01T00:00:00+05:30", "to": "2026-11-01T00:00:00-09:30"},
                window("2026-10-31T18:00", "2026-11-01T10:00"),
            ),
            (
                {"from": "2019-12-31T23:00:00-01:00", "to": "2100-01-01T01:00:00+01:00"},
                window("2020-01-01", "2100-01-01"),
            ),
        ],
    )
    def test_ends_are_whole_hours_in_utc(self, values, expected):
        assert read_window(values, now=NOW) == expected

    def test_a_whole_hour_needs_no_rounding(self):
        assert read_window({}, now=at("2026-11-22T20:00")).end == at("2026-11-22T20:00")

    @pytest.mark.parametrize(
        ("values", "codes"),
        [
            ({"from": "2026-11-02", "to": "2026-11-01"}, {"from": "max_value", "to": "min_value"}),
            ({"from": "2026-11-01", "to": "2026-11-01"}, {"from": "max_value", "to": "min_value"}),
            ({"from": "2026-11-22T20:00:00Z"}, {"from": "max_value"}),
            ({"to": "2020-01-01"}, {"to": "min_value"}),
            ({"from": "2019-12-31"}, {"from": "min_value"}),
            ({"to": "2100-01-01T00:00:01Z"}, {"to": "max_value"}),
            (
                {"from": "0000-01-01", "to": "9999-12-31T23:59:59-23:59"},
                {"from": "min_value", "to": "max_value"},
            ),
            *(
                ({"from": text}, {"from": "invalid"})
                for text in (
                    "yesterday",
                    "2026-11-31",
                    "2026-02-29",
                    "2026-11-22T24:00:00Z",
                    "2026-11-22T10:00:60Z",
                    "2026-11-22T10:00:00",
                    "2026-11-22T10:00Z",
                    "2026-11-22T10:00:00 05:30",
                    "2026-11-22T10:00:00+24:00",
                    "2026-W47-7",
                    "20261122",
                    "1795000000",
                    "2026-11-22 ",
                    "2026-11-22\n",
                    "٢٠٢٦-١١-٢٢",
                    "2026-11-22T10:00:00\0Z",
                    "9" * 5_000,
                )
            ),
        ],
    )
    def test_what_is_no_window_is_refused_by_name(self, values, codes):
        with pytest.raises(ValidationError) as refusal:
            read_window(values, now=NOW)

        assert {name: error.code for name, (error,) in refusal.value.error_dict.items()} == codes

    def test_without_to_the_refusal_says_what_to_would_be(self):
        with pytest.raises(ValidationError, match=r"to=2026-11-22T20:00:00.*the end of this hour"):
            read_window({"from": "2027-01-01"}, now=NOW)


class TestCutting:
    def test_a_year_is_read_from_months_with_days_and_hours_at_its_ends(self):
        assert spans(window("2025-11-22T20:00", "2026-11-22T20:00")) == [
            Span(Grain.HOUR, at("2025-11-22T20:00"), at("2025-11-23")),
            Span(Grain.DAY, at("2025-11-23"), at("2025-12-01")),
            Span(Grain.MONTH, at("2025-12-01"), at("2026-11-01")),
            Span(Grain.DAY, at("2026-11-01"), at("2026-11-22")),
            Span(Grain.HOUR, at("2026-11-22"), at("2026-11-22T20:00")),
        ]

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            ("2024-02-01", "2024-03-01", [Grain.MONTH]),
            ("2024-02-01", "2024-02-29", [Grain.DAY]),
            ("2023-02-01", "2023-03-01", [Grain.MONTH]),
            ("2024-02-29", "2024-03-01", [Grain.DAY]),
            ("2026-01-20", "2026-02-10", [Grain.DAY]),
            ("2026-01-31T23:00", "2026-02-01T01:00", [Grain.HOUR]),
            ("2026-11-22T10:00", "2026-11-22T11:00", [Grain.HOUR]),
            ("2026-12-31T23:00", "2027-02-01T00:00", [Grain.HOUR, Grain.MONTH]),
        ],
    )
    def test_each_stretch_is_of_the_longest_grain_that_fits(self, start, end, expected):
        assert [span.grain for span in spans(window(start, end))] == expected

    @given(windows(days=800), st.sampled_from([None, *Per]))
    @example(window("2024-02-28T23:00", "2024-03-01T01:00"), None)
    @example(window("2023-12-31T23:00", "2025-01-01T00:00"), None)
    def test_the_stretches_lie_end_to_end_and_are_whole(self, asked, per):
        grains = per.grains if per else tuple(Grain)
        found = spans(asked, grains=grains)

        assert [asked.start, *(span.end for span in found)] == [*(span.start for span in found), asked.end]
        assert len(found) <= 5
        for grain, start, end in found:
            assert start < end
            assert grain in grains
            assert (grain.start_of(start), grain.start_of(end)) == (start, end)
        for longer in grains[1:]:  # what is read in smaller pieces holds no longer one
            for run in runs([span for span in found if grains.index(span.grain) < grains.index(longer)]):
                first = longer.after(longer.start_of(run.start - HOUR))
                assert first >= run.end or longer.after(first) > run.end

    @given(HOURS, st.sampled_from(Per))
    def test_nothing_that_a_period_is_read_from_lies_in_two(self, moment, per):
        for grain in per.grains:
            start = grain.start_of(moment)
            assert per.start_of(start) == per.start_of(moment) == per.start_of(grain.after(start) - HOUR)


class TestPeriods:
    def test_weeks_begin_on_monday_also_over_new_year(self):
        assert list(periods(window("2026-12-30T05:00", "2027-01-12"), per=Per.WEEK)) == [
            window("2026-12-30T05:00", "2027-01-04"),
            window("2027-01-04", "2027-01-11"),
            window("2027-01-11", "2027-01-12"),
        ]

    def test_months_are_as_long_as_they_are(self):
        found = list(periods(window("2023-12-31", "2024-05-01"), per=Per.MONTH))

        assert [(one.end - one.start).days for one in found] == [1, 31, 29, 31, 30]

    @given(windows(days=70), st.sampled_from(Per))
    def test_they_fill_the_window_and_are_counted_without_a_loop(self, asked, per):
        found = list(periods(asked, per=per))

        assert [asked.start, *(one.end for one in found)] == [*(one.start for one in found), asked.end]
        assert all(per.start_of(one.start) == per.start_of(one.end - HOUR) for one in found)
        assert all(per.start_of(one.start) == one.start for one in found[1:])
        assert number_of_periods(asked, per=per) == len(found)

    def test_a_thousand_are_told_and_more_are_refused_with_a_way_out(self):
        start = at("2026-01-01")

        refuse_too_many(Window(start, start + MOST_PERIODS * HOUR), per=Per.HOUR)
        with pytest.raises(ValidationError) as refusal:
            refuse_too_many(Window(start, start + (MOST_PERIODS + 1) * HOUR), per=Per.HOUR)

        (error,) = refusal.value.error_dict["per"]
        assert error.code == "max_items"
        assert "1,001 periods" in error.message
        assert "per=day" in error.message

    def test_all_time_fits_into_months(self):
        whole = window("2020-01-01", "2100-01-01")

        refuse_too_many(whole, per=Per.MONTH)
        with pytest.raises(ValidationError, match="per=month"):
            refuse_too_many(whole, per=Per.WEEK)


def runs(found: list[Span]) -> list[Window]:
    """Stretches that lie end to end, joined."""
    joined: list[Window] = []
    for span in found:
        if joined and joined[-1].end == span.start:
            joined[-1] = Window(joined[-1].start, span.end)
        else:
            joined.append(Window(span.start, span.end))
    return joined


def test_a_period_begins_where_it_is_said_to():
    moment = at("2027-01-01") - timedelta(microseconds=1)

    assert [per.start_of(moment) for per in Per] == [
        at("2026-12-31T23:00"),
        at("2026-12-31"),
        at("2026-12-28"),
        at("2026-12-01"),
    ]
