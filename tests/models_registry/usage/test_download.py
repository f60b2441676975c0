"""The file for spreadsheets."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from models_registry.usage.admin.download import HEADER, csv_text, file_name
from models_registry.usage.figures import Figures, Row
from models_registry.usage.windows import Window

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def read(*rows):
    [header, *found] = csv.reader(io.StringIO(csv_text(rows), newline=""))
    assert tuple(header) == HEADER
    return [dict(zip(header, row, strict=True)) for row in found]


def row(key="acme/one", **sums):
    return Row(START, START + DAY, key, Figures(**sums))


def test_numbers_are_exact_and_what_nobody_knows_is_empty():
    [told] = read(
        row(
            generations=3,
            successes=2,
            microseconds=30_000_001,
            success_microseconds=20_000_001,
            costed=1,
            cost_nanodollars=1,
            errors={"timeout": 1},
        )
    )

    assert (told["start"], told["end"]) == ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")
    assert (told["generations"], told["successes"], told["failures"]) == ("3", "2", "1")
    assert told["success_rate"] == "66.666667"
    assert told["average_time"] == "10"
    assert told["mean_time"] == "10"
    assert told["cost_usd"] == "0.000000001"
    assert (told["credits"], told["mean_queue_time"], told["p50"]) == ("", "", "")
    assert told["error_codes"] == "timeout 1"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_is_a_formula(text):
    assert read(row(text))[0]["model_id"] == f"'{text}"
    assert read(row(errors={text: 1}))[0]["error_codes"].startswith("'")


def test_a_text_with_the_marks_of_the_format_survives():
    assert read(row('a,"b"\nc'))[0]["model_id"] == 'a,"b"\nc'


@pytest.mark.parametrize(
    ("window", "model_id", "expected"),
    [
        (Window(START, START + 30 * DAY), None, "usage_2026-11-01_2026-11-30.csv"),
        (Window(START, START + DAY), "google/veo-3", "usage_2026-11-01_2026-11-01_google-veo-3.csv"),
        (
            Window(START + DAY / 24, START + 25 * DAY / 24),
            'a"; b\r\n',
            "usage_2026-11-01T01Z_2026-11-02T01Z_a---b--.csv",
        ),
    ],
)
def test_the_name_tells_the_range(window, model_id, expected):
    assert file_name(window, model_id=model_id) == expected
