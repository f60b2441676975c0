"""What was recorded agrees; whatever is changed behind recording's back does not, and most of it heals."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection

from models_registry.models import AIModel
from models_registry.usage.models import Generation
from models_registry.usage.rebuilding import Unreadable, rebuild
from models_registry.usage.recording import record_many
from models_registry.usage.sums import Scope
from models_registry.usage.verifying import Verification
from tests.factories import AIModelFactory
from tests.models_registry.usage.upkeep import (
    NOVEMBER,
    NOW,
    OCTOBER,
    count,
    done,
    findings,
    rows,
    some_usage,
    sql,
    stored,
    sums,
    undone,
)

pytestmark = pytest.mark.django_db

HOUR = "grain = 'hour' AND start = %s AND model_id = %s"
AT = NOVEMBER + timedelta(days=3, hours=7)
NINTH = 'generation "acme/m1 11 9", finished 2026-11-04T07:09:00Z'
NAME = 'acme/m1, hour 2026-11-04T07:00Z, quality "high", 5 s'


@pytest.fixture(autouse=True)
def usage(db: None) -> None:
    some_usage()


def hour() -> tuple[object, int]:
    return stored(AT), AIModel.objects.get(model_id="acme/m1").pk


def test_what_was_recorded_agrees_also_after_replays_and_late_generations():
    some_usage_again = [done("acme/m1 11 0", AT, model_id="acme/m1", generation_time=0, quality="high")]
    record_many(some_usage_again, now=NOW)
    count("late", NOW - timedelta(days=800))
    count("tiny", generation_time=0.000001)
    count("nothing", generation_time=0)
    count("a day", generation_time=86_400)

    assert findings(deep=True) == []


def test_it_counts_what_it_checked():
    verification = Verification()
    list(verification.findings())

    assert (verification.generations, verification.sums) == (40, 2 * 2 * 3 * (1 + 2))


OFF_BY_ONE = {
    "generations": "generations is 11 and should be 10",
    "microseconds": "microseconds is 315000001 and should be 315000000",
    "success_microseconds": "success_microseconds is 266000001 and should be 266000000",
    "queued": "queued is 11 and should be 10",
    "queue_microseconds": "queue_microseconds is 15000001 and should be 15000000",
    "costed": "costed is 11 and should be 10",
    "cost_nanodollars": "cost_nanodollars is 9000000001 and should be 9000000000",
    "credited": "credited is 11 and should be 10",
    "credits": "credits is 601 and should be 600",
    "sketch": "sketch counts 1 in bucket 0 and should count 0",
}


def test_a_column_of_an_hour_that_is_off_by_one_is_found_and_healed():
    before = sums()
    for column, told in OFF_BY_ONE.items():
        one_more = f"{column} + 1"
        if column == "sketch" and connection.vendor == "sqlite":
            one_more = "sketch_add(sketch, '1')"
        with undone():
            assert sql(f"UPDATE usage_rollups SET {column} = {one_more} WHERE {HOUR}", *hour()) == 1

            assert f"{NAME}: {told}" in findings()
            assert rebuild(within=Scope.month(NOVEMBER)).rows == 1
            assert (findings(), sums()) == ([], before)


CHANGES = {
    "UPDATE usage_rollups SET successes = successes - 1": "successes is 7 and should be 8",
    "DELETE FROM usage_rollups": "there is no row, and should be one with generations 10",
    "UPDATE usage_rollups SET quality = 'low'": "there is a row with generations 10, and should be none",
    "UPDATE usage_error_counts SET failures = 2": "failures is 2 and should be 1",
    "DELETE FROM usage_error_counts": "there is no row, and should be one with failures 1",
    "UPDATE usage_error_counts SET duration = 9": "there is a row with failures 1, and should be none",
}


@pytest.mark.parametrize("grain", ["hour", "day", "month"])
def test_rows_of_every_grain_are_found_and_healed(grain):
    before = sums()
    for change, told in CHANGES.items():
        with undone():
            assert sql(f"{change} WHERE grain = %s AND start >= %s", grain, stored(NOVEMBER))

            found = findings()
            assert any(f"acme/m2, {grain} 2026-11-" in line and line.endswith(told) for line in found), change
            assert rebuild(within=Scope.month(NOVEMBER)).rows
            assert (findings(), sums()) == ([], before)


COUNTER_CHANGES = {
    "UPDATE usage_counters SET generations = generations + 1": "generations is 21 and should be 20",
    "UPDATE usage_counters SET successes = 1": "successes is 1 and should be 16",
    "UPDATE usage_counters SET microseconds = 0": "microseconds is 0 and should be 630000000",
    "DELETE FROM usage_counters": "there is no row, and should be one with generations 20",
}


def test_counters_are_found_and_healed():
    before = sums()
    for change, told in COUNTER_CHANGES.items():
        with undone():
            sql(change)

            assert findings() == [f"acme/m1, counter: {told}", f"acme/m2, counter: {told}"]
            assert rebuild(within=Scope.month(NOVEMBER)).counters == 2
            assert (findings(), sums()) == ([], before)


def test_a_counter_of_a_model_that_was_never_used_is_found_and_taken_away():
    unused = AIModelFactory(model_id="acme/unused")
    sql("INSERT INTO usage_counters VALUES (%s, 3, 2, 1)", unused.pk)

    assert findings() == ["acme/unused, counter: there is a row with generations 3, and should be none"]
    assert rebuild().counters == 1
    assert findings() == []


def test_a_generation_that_was_deleted_is_missed():
    sql("DELETE FROM generations WHERE generation_id = 'acme/m1 11 9'")

    found = findings()

    assert any("generations is 10 and should be 9" in line for line in found)
    assert f"{NINTH}: there is its key, but no generation" in found


def test_a_generation_that_was_put_in_is_found():
    sql(
        "INSERT INTO generations SELECT 'put in', finished_at, recorded_at, success, microseconds, bucket, "
        "duration, quality, queue_microseconds, error_code, cost_nanodollars, credits, model_id, price_row "
        "FROM generations WHERE generation_id = 'acme/m1 11 9'"
    )

    found = findings()

    assert any(line.startswith(f"{NAME}: generations is 10 and should be 11") for line in found)
    name = 'generation "put in", finished 2026-11-04T07:09:00Z'
    assert f"{name}: it has no key, and should have one" in found


def test_a_key_that_was_deleted_or_moved_is_found():
    sql("DELETE FROM generation_keys WHERE generation_id = 'acme/m1 11 8'")
    sql("UPDATE generation_keys SET finished_at = %s WHERE generation_id = 'acme/m1 11 9'", stored(OCTOBER))

    assert sorted(findings()) == [
        'generation "acme/m1 11 8", finished 2026-11-04T07:08:00Z: it has no key, and should have one',
        'generation "acme/m1 11 9", finished 2026-10-01T00:00:00Z: there is its key, but no generation',
        f"{NINTH}: its key says that it finished 2026-10-01T00:00:00Z",
    ]


def test_a_generation_that_was_changed_is_found_by_its_hour_and_its_fingerprint():
    for change in (
        "microseconds = microseconds + 1",
        "success = NOT success",
        "quality = 'low'",
        "duration = 9",
        "queue_microseconds = 0",
        "queue_microseconds = NULL",
        "cost_nanodollars = 0",
        "credits = NULL",
        "model_id = (SELECT id FROM models WHERE model_id = 'acme/m2')",
    ):
        with undone():
            sql(f"UPDATE generations SET {change} WHERE generation_id = 'acme/m1 11 9'")

            found = findings(deep=True, within=Scope.month(NOVEMBER))
            assert any(line.startswith("acme/m1, hour 2026-11-04T07:00Z") for line in found), change
            assert f"{NINTH}: it was changed, its key has another fingerprint" in found


def test_a_generation_that_moved_to_another_hour_is_found():
    sql("UPDATE generations SET finished_at = %s WHERE generation_id = 'acme/m1 11 9'", stored(NOW))

    found = findings()

    assert any(line.startswith("acme/m1, hour 2026-11-22T19:00Z") for line in found)
    assert any("its key says that it finished 2026-11-04T07:09:00Z" in line for line in found)


def test_a_bucket_that_does_not_fit_its_time_is_found():
    sql("UPDATE generations SET bucket = bucket + 1 WHERE generation_id = 'acme/m1 11 9'")

    assert f"{NINTH}: bucket is 4 and should be 3" in findings()


def test_a_generation_of_a_model_that_is_not_there_is_found_and_does_not_stop_rebuilding():
    sql("UPDATE generations SET model_id = 987654 WHERE generation_id = 'acme/m1 11 9'")

    assert any("it is of a model that isn't there (987654)" in line for line in findings())
    rebuild()
    assert [line for line in findings() if "it is of a model" not in line] == []


def test_a_sum_of_no_grain_that_there_is_is_found():
    sql(f"UPDATE usage_rollups SET grain = 'week' WHERE {HOUR}", *hour())

    assert 'usage_rollups: 1 rows of "week", which is neither hour, day nor month' in findings()
    assert rebuild().strange == 1
    assert findings() == []


def test_a_month_of_which_only_keys_are_left_is_found_before_and_after_rebuilding():
    for table, column in (("usage_rollups", "start"), ("usage_error_counts", "start")):
        sql(f"DELETE FROM {table} WHERE {column} >= %s", stored(NOVEMBER))
    sql("DELETE FROM generations WHERE finished_at >= %s", stored(NOVEMBER))

    rebuild()

    found = findings()
    assert f"{NINTH}: there is its key, but no generation" in found
    assert len(found) == 20
    assert findings(within=Scope.month(OCTOBER)) == []
    assert findings(within=Scope.month(NOVEMBER)) == found


STRANGE = ["9999-12-01 00:00:00", "1999-12-31 23:00:00"]
STRANGE_OF = {
    "sqlite": [*STRANGE, "2026-11-31 07:00:00", "2026-99", "2026-11-04", "infinity", "", "noon"],
    "postgresql": [*STRANGE, "20000-01-01 00:00:00+00", "infinity", "-infinity", "0044-03-15 00:00:00+00 BC"],
}


@pytest.mark.parametrize("grain", ["hour", "month"])
def test_sums_of_a_strange_time_are_found_and_healed(grain):
    before = sums()
    for strange in STRANGE_OF[connection.vendor]:
        with undone():
            for table in ("usage_rollups", "usage_error_counts"):
                sql(
                    f"UPDATE {table} SET start = %s WHERE grain = %s AND start = %s",
                    strange,
                    grain,
                    stored(AT if grain == "hour" else NOVEMBER),
                )

            told = "2 rows of times that are none, or not from 2020-01-01 to 2100-01-01"
            assert f"usage_rollups: {told}" in findings()
            rebuild(within=Scope.month(NOVEMBER))
            rebuild()
            assert (findings(), sums()) == ([], before), strange


def test_generations_and_keys_of_a_strange_time_are_told_and_stop_nothing():
    for strange in STRANGE_OF[connection.vendor]:
        with undone():
            for table in ("generation_keys", "generations"):
                sql(f"UPDATE {table} SET finished_at = %s WHERE generation_id = 'acme/m1 11 9'", strange)
            sql("UPDATE generation_keys SET finished_at = %s WHERE generation_id = 'acme/m1 11 8'", strange)
            rebuild()

            found = findings(deep=True)
            told = "rows of times that are none, or not from 2020-01-01 to 2100-01-01"
            assert f"generations: 1 {told}" in found, strange
            assert f"generation_keys: 2 {told}" in found
            assert any("acme/m1 11 8" in line and "there is its key" in line for line in found)


UNREADABLE = {
    "sqlite": ["NaN", "sNaN", "Infinity", "-5", "1.2.3", "", ".", "many"],
    "postgresql": ["NaN", "Infinity", "-Infinity", "-5"],
}


LONGER = "SELECT * FROM usage_rollups WHERE grain <> 'hour' ORDER BY model_id, grain, start"


@pytest.mark.parametrize("grain", ["hour", "day", "month"])
def test_a_sketch_that_can_not_be_read_is_found_and_healed(grain):
    before = sums()
    for sketch in UNREADABLE[connection.vendor]:
        with undone():
            sql("UPDATE usage_rollups SET sketch = %s WHERE grain = %s", sketch, grain)

            found = findings()
            assert sum(line.endswith(": sketch is none that can be read") for line in found) >= 4, sketch
            rebuild()
            assert (findings(), sums()) == ([], before)


def test_one_that_is_of_no_kept_generations_is_found_and_spoils_nothing():
    sql("INSERT INTO usage_horizon VALUES (1, %s)", stored(NOVEMBER))
    october = OCTOBER + timedelta(days=3, hours=7)
    for sketch in UNREADABLE[connection.vendor]:
        with undone():
            sql(
                "UPDATE usage_rollups SET sketch = %s WHERE grain = 'hour' AND start = %s",
                sketch,
                stored(october),
            )
            before = rows(LONGER)

            name = 'acme/m1, hour 2026-10-04T07:00Z, quality "high", 5 s'
            assert f"{name}: sketch is none that can be read" in findings(), sketch
            with pytest.raises(Unreadable, match=r"acme/m1, hour 2026-10-04T07:00Z.*from a backup"):
                rebuild()
            rebuild(within=Scope.month(NOVEMBER))
            assert rows(LONGER) == before

            sql("UPDATE usage_rollups SET sketch = %s WHERE start < %s", sketch, stored(NOVEMBER))
            assert any(f"{name}: sketch is" in line for line in findings())


def test_a_month_or_a_model_can_be_verified_alone():
    sql(f"UPDATE usage_rollups SET credits = 0 WHERE {HOUR}", *hour())
    other = AIModel.objects.get(model_id="acme/m2").pk

    assert findings(within=Scope.month(OCTOBER)) == []
    assert findings(models=[other]) == []
    assert len(findings(within=Scope.month(NOVEMBER))) == 2


def test_who_watches_is_told_what_comes_next():
    told: list[str] = []
    findings(progress=told.append)

    assert told == ["2026-10", "2026-11", "keys", "counters"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_system_that_is_recording_agrees_and_nobody_waits():
    """Before each step of the walk, more is recorded."""
    wanted, recorded, stop = Event(), Event(), Event()

    def keep_recording() -> None:
        number = 0
        while wanted.wait() and not stop.is_set():
            wanted.clear()
            for _ in range(3):
                number += 1
                count(f"meanwhile {number}", quality="high")
            recorded.set()
        connection.close()

    def let_record(*_: object) -> None:
        recorded.clear()
        wanted.set()
        assert recorded.wait(10)

    recorder = Thread(target=keep_recording)
    recorder.start()
    try:
        verification = Verification(progress=let_record)
        found = list(verification.findings())
    finally:
        stop.set()
        wanted.set()
        recorder.join()

    assert (found, verification.generations) == ([], 40)
    assert Generation.objects.count() > 40
    assert findings() == []
