from datetime import UTC, datetime, timedelta, timezone

import pytest

from videoai.access.errors import SpanUnfit
from videoai.access.times import read_life, read_span, utc_text


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("90d", timedelta(days=90)),
        ("2w", timedelta(days=14)),
        ("0", timedelta(0)),
        ("0h", timedelta(0)),
        ("9999999w", timedelta(weeks=9_999_999)),
    ],
)
def test_spans_are_read(text, span):
    assert read_span(text) == span


@pytest.mark.parametrize(
    "text", ["", "90", "d", "-1d", "+1d", "1.5d", "1 d", "1y", "1D", "٣d", "1_0d", "1d\n", "9" * 9 + "d"]
)
def test_what_is_no_span_is_refused(text):
    with pytest.raises(SpanUnfit, match="as in 30m, 12h, 90d or 2w"):
        read_span(text)


def test_a_life_may_be_for_ever():
    assert read_life("never") is None
    assert read_life("1d") == timedelta(days=1)


def test_moments_are_told_in_utc():
    there = timezone(timedelta(hours=2))

    assert utc_text(datetime(2026, 3, 1, 1, 30, tzinfo=there)) == "2026-02-28 23:30 UTC"
    assert utc_text(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-03-01 00:00 UTC"
    assert utc_text(None) == "never"
