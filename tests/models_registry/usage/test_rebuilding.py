"""Sums made anew from generations, right at any moment, and nothing touched that was right."""

import time
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from models_registry.models import AIModel
from models_registry.usage.models import Generation, UsageCounter, UsageRollup
from models_registry.usage.rebuilding import Rebuilt, rebuild, rehearse_rebuild
from models_registry.usage.sums import Scope, months_between
from tests.factories import AIModelFactory
from tests.models_registry.usage.upkeep import (
    NOVEMBER,
    NOW,
    OCTOBER,
    SEPTEMBER,
    count,
    findings,
    rows,
    some_usage,
    sql,
    stored,
    sums,
)

pytestmark = pytest.mark.django_db

TABLES = ("usage_counters", "usage_rollups", "usage_error_counts")


def lose_everything() -> None:
    for table in TABLES:
        sql(f"DELETE FROM {table}")


def test_everything_can_be_made_from_generations():
    some_usage()
    count("at the end of a month", OCTOBER - timedelta(microseconds=1), quality="ultra", generation_time=0)
    count("long ago", NOW - timedelta(days=2_000), duration=9)
    before = sums()
    lose_everything()

    rebuilt = rebuild()

    assert sums() == before
    assert rebuilt == Rebuilt(hours=6 + 8, days=6 + 8, months=6 + 8, counters=2)
    assert findings() == []


def test_without_usage_there_is_nothing_to_make():
    AIModelFactory()

    assert rebuild().rows == 0
    assert sums() == [[], [], []]


def test_nothing_is_written_where_nothing_is_wrong():
    some_usage()
    sql("UPDATE usage_rollups SET credits = 0 WHERE grain = 'hour' AND start < %s", stored(NOVEMBER))

    with CaptureQueriesContext(connection) as queries:
        rebuild()

    written = [query["sql"] for query in queries if query["sql"].startswith("INSERT INTO usage_rollups")]
    assert len(written) == 2  # the hours of a day, and the day


@pytest.mark.postgresql
def test_rows_that_are_right_are_not_written():
    some_usage()
    sql(
        "UPDATE usage_rollups SET credits = 0 WHERE model_id = %s", AIModel.objects.get(model_id="acme/m1").pk
    )
    right = "FROM usage_rollups WHERE model_id = (SELECT id FROM models WHERE model_id = 'acme/m2')"
    places = f"SELECT ctid::text, xmin::text, xmax::text {right} ORDER BY 1"
    before = rows(places)

    assert rebuild().rows
    assert rows(places) == before


def test_a_rehearsal_tells_what_would_change_and_changes_nothing():
    some_usage()
    sql("UPDATE usage_rollups SET credits = 0 WHERE grain = 'hour'")
    sql("DELETE FROM usage_counters")
    before = sums()

    assert rehearse_rebuild() == Rebuilt(hours=4, counters=2)
    assert sums() == before
    assert rebuild() == Rebuilt(hours=4, counters=2)


def test_a_month_or_a_model_can_be_made_alone():
    some_usage()
    one = AIModel.objects.get(model_id="acme/m1").pk
    lose_everything()

    rebuild(within=Scope.month(OCTOBER), models=[one])

    assert set(UsageRollup.objects.values_list("model_id", "start__month")) == {(one, 10)}
    assert list(UsageCounter.objects.values_list("model_id", "generations")) == [(one, 10)]
    rebuild()
    assert findings() == []


def test_a_stretch_of_time_touches_whole_months():
    hour = timedelta(hours=1)

    assert months_between(OCTOBER, NOVEMBER) == Scope(OCTOBER, NOVEMBER)
    assert months_between(OCTOBER - hour, OCTOBER + hour) == Scope(SEPTEMBER, NOVEMBER)


def test_who_watches_is_told_which_month_comes_next():
    some_usage()
    told: list[object] = []
    rebuild(progress=told.append)

    assert told == [OCTOBER, NOVEMBER]


def wait_until_somebody_waits() -> None:
    waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"
    deadline = time.monotonic() + 20
    while rows(waiting) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.postgresql
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", [False, True], ids=["known", "first"])
def test_whoever_is_recording_at_the_moment_is_counted(first):
    """The rows that are wrong are those that the recorder, who has not committed yet, adds to."""
    some_usage()
    if first:
        sql("DELETE FROM usage_counters")
    sql("UPDATE usage_rollups SET credits = 0, generations = 99")
    rebuilder = Thread(target=lambda: (rebuild(), connection.close()))

    with transaction.atomic():
        count("meanwhile", NOVEMBER + timedelta(days=3, hours=7), quality="high", duration=5, credits=3)
        rebuilder.start()
        wait_until_somebody_waits()
    rebuilder.join()

    assert findings() == []
    assert Generation.objects.count() == 41


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_recording_goes_on_while_all_is_made_anew():
    some_usage()
    stop, recorded = Event(), []

    def keep_recording() -> None:
        try:
            while not stop.is_set():
                at = NOVEMBER + timedelta(minutes=len(recorded) * 17)
                recorded.append(count(f"at work {len(recorded)}", at, quality="high").is_new)
        finally:
            connection.close()

    recorder = Thread(target=keep_recording)
    recorder.start()
    try:
        for _ in range(3):
            sql("UPDATE usage_rollups SET credits = credits + 1 WHERE grain = 'hour' AND quality = 'high'")
            rebuild()
    finally:
        stop.set()
        recorder.join()

    assert recorded
    assert all(recorded)
    assert findings() == []
