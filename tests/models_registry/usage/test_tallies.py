"""What some reports add to the sums of their hours, days and months."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from models_registry.usage import sketch
from models_registry.usage.reports import Report, read_report
from models_registry.usage.tallies import Tally, tally, totals
from tests.models_registry.usage.generations import EVERYTHING, NOW, generation


def report(model: int = 1, **fields: Any) -> Report:
    found, problems = read_report(generation(**fields), model=model, now=NOW, known_qualities={"high", "4k"})
    assert found is not None, problems
    return found


def starts(reports: list[Report]) -> dict[tuple[str, datetime], int]:
    return {(key.grain, key.start): one.columns()["generations"] for key, one in tally(reports).items()}


def test_one_report_adds_to_its_hour_its_day_and_its_month():
    assert starts([report(**EVERYTHING)]) == {
        ("hour", datetime(2026, 11, 22, 18, tzinfo=UTC)): 1,
        ("day", datetime(2026, 11, 22, tzinfo=UTC)): 1,
        ("month", datetime(2026, 11, 1, tzinfo=UTC)): 1,
    }


def test_all_of_its_figures_are_added():
    (columns,) = (one.columns() for key, one in tally([report(**EVERYTHING)]).items() if key.grain == "hour")

    assert sketch.read(columns.pop("sketch")) == {sketch.bucket_of(12_500_000): 1}
    assert columns == {
        "generations": 1,
        "successes": 1,
        "microseconds": 12_500_000,
        "success_microseconds": 12_500_000,
        "queued": 1,
        "queue_microseconds": 250_000,
        "costed": 1,
        "cost_nanodollars": 400_000_000,
        "credited": 1,
        "credits": 27,
    }


def test_nought_is_counted_as_said_and_nothing_as_not_said():
    reports = [report(queue_time=0, cost_usd=0, credits=0), report(), report(credits=5)]

    for one in tally(reports).values():
        columns = one.columns()
        assert [columns[name] for name in ("queued", "costed", "credited", "credits")] == [1, 1, 2, 5]


def test_a_failure_counts_with_its_time_but_not_among_the_times_of_successes():
    reports = [
        report(),
        report(success=False, generation_time=100),
        *[report(success=False, generation_time=1, error_code="timeout")] * 2,
    ]

    for one in tally(reports).values():
        columns = one.columns()
        assert (columns["generations"], columns["successes"]) == (4, 1)
        assert (columns["microseconds"], columns["success_microseconds"]) == (114_500_000, 12_500_000)
        assert sketch.read(columns["sketch"]) == {sketch.bucket_of(12_500_000): 1}
        assert one.errors == {"timeout": 2}


def test_models_qualities_and_durations_are_kept_apart_nobody_said_included():
    reports = [
        report(model, quality=quality, duration=duration)
        for model in (1, 2)
        for quality in (None, "high", "4k")
        for duration in (None, 5, 8)
    ]
    found = tally(reports * 2)

    assert {(key.model, key.quality, key.duration) for key in found} == {
        (model, quality, duration)
        for model in (1, 2)
        for quality in ("", "high", "4k")
        for duration in (0, 5, 8)
    }
    assert {one.columns()["generations"] for one in found.values()} == {2}


def test_rows_come_in_the_order_of_their_keys_whatever_order_the_reports_had():
    random = Random(7)
    reports = [
        report(random.randint(1, 9), finished_at=f"2026-{random.randint(1, 11):02}-05T0{hour}:30:00Z")
        for hour in range(10)
        for _ in range(9)
    ]
    keys = list(tally(reports))

    assert keys == sorted(keys) == list(tally(reports[::-1]))
    assert list(totals(tally(reports))) == sorted({one.model for one in reports})


def test_hours_days_and_months_add_up_to_the_same():
    random = Random(11)
    reports = [
        report(
            random.randint(1, 3),
            generation_time=random.randint(0, 600),
            success=random.random() < 0.9,
            cost_usd=random.choice([None, "0.000000001", "0.4"]),
            finished_at=NOW - timedelta(hours=random.randint(0, 24 * 60)),
        )
        for _ in range(300)
    ]
    found = tally(reports)
    sums = {}
    for grain in ("hour", "day", "month"):
        whole = Tally()
        for key, one in found.items():
            if key.grain == grain:
                whole.merge(one)
        sums[grain] = whole.columns()

    assert sums["hour"] == sums["day"] == sums["month"]
    assert sums["month"]["generations"] == 300
    assert sum(total["generations"] for total in totals(found).values()) == 300
    assert sum(total["microseconds"] for total in totals(found).values()) == sum(
        r.microseconds for r in reports
    )


def test_no_reports_add_nothing():
    assert tally([]) == totals({}) == {}
