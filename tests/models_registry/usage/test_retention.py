"""Old generations go a month at a time; sums and ids stay for good."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry.usage import horizon, partitions, retention
from models_registry.usage.errors import GenerationConflict
from models_registry.usage.models import Generation, GenerationKey
from models_registry.usage.rebuilding import rebuild
from models_registry.usage.verifying import Verification
from tests.models_registry.usage.upkeep import (
    NOVEMBER,
    NOW,
    OCTOBER,
    SEPTEMBER,
    count,
    drop_partitions,
    findings,
    some_usage,
    sql,
    sums,
    where_they_lie,
)

pytestmark = pytest.mark.django_db

OLD = "acme/m1 10 7"
OLD_AT = OCTOBER + timedelta(days=3, hours=7, minutes=7)


@pytest.fixture(autouse=True)
def usage(db: None) -> None:
    drop_partitions()
    some_usage()


def drop_all() -> list[tuple[datetime, int]]:
    return [tuple(dropped) for month in retention.doomed(NOVEMBER) if (dropped := retention.drop(month))]


@pytest.mark.parametrize(
    ("now", "days", "kept"),
    [
        (NOW, 1, (2026, 11)),
        (NOW, 22, (2026, 10)),
        (datetime(2026, 11, 22, tzinfo=UTC), 21, (2026, 11)),
        (datetime(2026, 11, 22, tzinfo=UTC), 22, (2026, 10)),
        (NOW, 365, (2025, 11)),
        (NOW, 36_500, (1926, 12)),
    ],
)
def test_months_that_ended_that_many_days_ago_go(now, days, kept):
    assert retention.kept_from(now, days=days) == datetime(*kept, 1, tzinfo=UTC)


def test_generations_go_and_all_figures_stay():
    count("september", SEPTEMBER, success=False, error_code="late")
    before, keys = sums(), GenerationKey.objects.count()

    assert drop_all() == [(SEPTEMBER, 1), (OCTOBER, 20)]

    assert set(Generation.objects.values_list("finished_at__month", flat=True)) == {11}
    assert (sums(), GenerationKey.objects.count()) == (before, keys)
    assert horizon.kept_since(connection) == NOVEMBER
    assert findings(deep=True) == []
    assert drop_all() == []


def test_an_id_stays_taken_for_good():
    drop_all()
    before = sums()
    said = {
        "generation_time": 49,
        "quality": "high",
        "duration": 5,
        "queue_time": 1.5,
        "cost_usd": "0.9",
        "credits": 60,
    }

    again = count(OLD, OLD_AT, **said)
    assert not again.is_new
    assert again.record["generation_time"] == 49
    for other in ({"generation_time": 50}, {"model": "acme/m2"}, {"at": NOW}):
        with pytest.raises(GenerationConflict):
            count(**{"generation_id": OLD, "at": OLD_AT, **said, **other})
    assert sums() == before
    assert not Generation.objects.filter(generation_id=OLD).exists()


def test_a_late_generation_of_a_month_that_is_gone_counts_once_and_is_swept():
    drop_all()
    assert count("late", OLD_AT).is_new
    with_it = sums()
    assert retention.left_over() == 1
    assert findings() == []

    assert retention.sweep() == 1

    assert not count("late", OLD_AT).is_new
    assert (sums(), findings(), retention.left_over()) == (with_it, [], 0)
    assert retention.doomed(NOVEMBER) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE usage_rollups SET credits = credits + 1 WHERE grain = 'hour'",
        "UPDATE usage_rollups SET credits = credits + 1 WHERE grain = 'day'",
        "UPDATE usage_error_counts SET failures = 9 WHERE grain = 'month'",
        f"DELETE FROM generations WHERE generation_id = '{OLD}'",
    ],
)
def test_a_month_that_does_not_add_up_stays_until_it_does(change):
    sql(change)
    before = Generation.objects.count()

    with pytest.raises(retention.Unproven, match=r"2026-10 were not dropped.*rollup_usage"):
        drop_all()
    assert (Generation.objects.count(), horizon.kept_since(connection)) == (before, None)

    rebuild()
    assert [month for month, _ in drop_all()] == [OCTOBER]


def test_rebuilding_keeps_the_hours_of_months_that_are_gone_and_heals_their_days():
    before = sums()
    drop_all()
    with CaptureQueriesContext(connection) as queries:
        assert rebuild().rows == 0
    assert not [query for query in queries if query["sql"].startswith("INSERT INTO usage_rollups")]

    sql("DELETE FROM usage_rollups WHERE grain <> 'hour'")
    sql("DELETE FROM usage_error_counts WHERE grain <> 'hour'")
    sql("DELETE FROM usage_counters")
    assert findings() != []
    rebuild()

    assert (sums(), findings()) == (before, [])


def test_late_generations_are_counted_apart_from_those_that_lie_in_no_partition():
    drop_all()
    count("late", OLD_AT)
    verification = Verification()
    list(verification.findings())

    partitioned = partitions.partitioned(connection)
    assert (verification.late, verification.resting) == (1, 20 if partitioned else 0)


def test_rows_go_a_bounded_number_at_a_time(monkeypatch):
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 7)

    with CaptureQueriesContext(connection) as queries:
        assert drop_all() == [(OCTOBER, 20)]

    assert sum(query["sql"].startswith("DELETE") for query in queries) == 4


def test_a_month_that_somebody_else_dropped_meanwhile_is_left_alone():
    months = retention.doomed(NOVEMBER)
    drop_all()
    before = sums()

    assert [retention.drop(month) for month in months] == [None]
    assert (horizon.kept_since(connection), sums(), findings()) == (NOVEMBER, before, [])


@pytest.mark.postgresql
def test_a_partition_goes_as_a_whole_and_takes_what_the_rest_has_of_its_month():
    list(partitions.make_missing(connection, now=NOW, kept_since=None))
    before = sums()

    assert drop_all() == [(OCTOBER, 20)]

    assert where_they_lie() == {"generations_2026_11": 20}
    assert "generations_2026_10" not in partitions.standing(connection).values()
    assert (sums(), findings()) == (before, [])
    count("late", OLD_AT)
    assert where_they_lie() == {"generations_2026_11": 20, "generations_rest": 1}
    assert partitions.missing(connection, now=NOW, kept_since=horizon.kept_since(connection)) == []


@pytest.mark.postgresql
def test_an_empty_partition_goes_too():
    list(partitions.make_missing(connection, now=SEPTEMBER, kept_since=None))

    assert drop_all() == [(datetime(2026, 8, 1, tzinfo=UTC), 0), (SEPTEMBER, 0), (OCTOBER, 20)]
