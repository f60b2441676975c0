"""A part of the table for each month, made ahead on PostgreSQL; SQLite has one plain table."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
import time_machine
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection, connections

from models_registry.usage import partitions
from models_registry.usage.models import Generation, GenerationKey
from tests.factories import AIModelFactory
from tests.models_registry.usage.upkeep import (
    NOVEMBER,
    NOW,
    OCTOBER,
    SEPTEMBER,
    count,
    drop_partitions,
    findings,
    rows,
    some_usage,
    sql,
    where_they_lie,
)

pytestmark = pytest.mark.django_db
on_postgresql = pytest.mark.postgresql

AHEAD = ["generations_2026_10", "generations_2026_11", "generations_2026_12"]
AHEAD += ["generations_2027_01", "generations_2027_02"]


@pytest.fixture
def no_partitions(db: None) -> None:
    drop_partitions()


def make(**options: Any) -> list[tuple[str, int]]:
    return [
        tuple(made)
        for made in partitions.make_missing(connection, **{"now": NOW, "kept_since": None, **options})
    ]


def names() -> list[str]:
    return list(partitions.standing(connection).values())


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (NOW, (2026, 10), (2027, 2)),
        (datetime(2027, 1, 1, tzinfo=UTC), (2026, 12), (2027, 4)),
        (datetime(2028, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC), (2028, 2), (2028, 6)),
    ],
)
def test_five_months_are_due_from_the_previous_one_on(now, first, last):
    due = partitions.due(now)

    assert len(due) == 5
    assert (due[0], due[-1]) == (datetime(*first, 1, tzinfo=UTC), datetime(*last, 1, tzinfo=UTC))


@pytest.mark.sqlite
def test_sqlite_has_no_parts():
    assert not partitions.partitioned(connection)
    assert partitions.check_partitions(None, databases=["default"]) == []


@on_postgresql
@pytest.mark.usefixtures("no_partitions")
class TestMaking:
    def test_missing_ones_are_made_once_and_generations_land_in_theirs(self):
        assert make() == [(name, 0) for name in AHEAD]
        assert names() == AHEAD
        assert make() == []

        some_usage()

        assert where_they_lie() == {"generations_2026_10": 20, "generations_2026_11": 20}

    def test_what_lies_in_the_rest_moves_also_of_older_months(self):
        some_usage()
        count("old", SEPTEMBER - timedelta(microseconds=1))
        count("first moment", NOVEMBER)
        count("last moment", NOVEMBER - timedelta(microseconds=1))
        before = sorted(Generation.objects.values_list())
        assert where_they_lie() == {"generations_rest": 43}

        made = make()

        assert made == [("generations_2026_08", 1), *zip(AHEAD, [21, 21, 0, 0, 0], strict=True)]
        moved = {"generations_2026_08": 1, "generations_2026_10": 21, "generations_2026_11": 21}
        assert where_they_lie() == moved
        assert sorted(Generation.objects.values_list()) == before
        assert findings() == []

    def test_an_id_stays_unique_when_its_generation_moved(self):
        some_usage()
        count("x", OCTOBER)
        make()

        assert not count("x", OCTOBER).is_new
        assert GenerationKey.objects.count() == Generation.objects.count() == 41

    def test_months_that_were_dropped_get_none(self):
        some_usage()

        assert [name for name, _ in make(kept_since=NOVEMBER)] == AHEAD[1:]
        assert where_they_lie() == {"generations_rest": 20, "generations_2026_11": 20}

    def test_a_partition_has_the_rules_of_the_whole(self):
        make()
        rules = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass ORDER BY 1"

        assert rows(rules, AHEAD[0]) == rows(rules, "generations")
        assert rows(rules, "generations_rest") == rows(rules, "generations")

    def test_what_fails_on_the_way_leaves_nothing_behind(self):
        some_usage()
        sql("CREATE TABLE generations_odd (LIKE generations INCLUDING ALL)")
        bounds = "FROM ('2026-11-30T00:00Z') TO ('2026-12-02T00:00Z')"
        sql(f"ALTER TABLE generations ATTACH PARTITION generations_odd FOR VALUES {bounds}")

        with pytest.raises(DatabaseError, match="would overlap"):
            make()

        assert names() == ["generations_2026_10"]
        assert where_they_lie() == {"generations_rest": 20, "generations_2026_10": 20}
        assert rows("SELECT to_regclass('generations_2026_11')") == [(None,)]

    def test_next_month_without_one_is_told(self):
        with time_machine.travel(NOW, tick=False):
            (warning,) = [
                w for w in run_checks(tags=[Tags.database], databases=["default"]) if "usage" in w.id
            ]
            assert warning.msg == "There is no partition generations_2026_12 for next month's generations."
            make()
            assert partitions.check_partitions(None, databases=["default"]) == []

    @pytest.mark.migrates
    def test_migrating_makes_them_and_migrating_back_takes_them_away(self):
        some_usage()
        make()
        sql("SET CONSTRAINTS ALL IMMEDIATE")

        call_command("migrate", "usage", "zero", verbosity=0)
        assert rows("SELECT relname FROM pg_class WHERE relname LIKE 'generation%%'") == []
        assert partitions.check_partitions(None, databases=["default"]) == []

        with time_machine.travel(NOW, tick=False):
            call_command("migrate", verbosity=0)
        assert names() == AHEAD


@pytest.fixture
def reader(db: None) -> Iterator[Callable[[str], None]]:
    """Somebody else's connection, in a transaction."""
    other = connections["default"].copy()
    other.set_autocommit(False)
    try:
        yield lambda statement: other.cursor().execute(statement)
    finally:
        other.rollback()
        other.close()


@on_postgresql
def test_somebody_who_never_lets_go_makes_us_give_up(reader, monkeypatch, caplog):
    monkeypatch.setattr(partitions, "LONGEST_WAIT", "10ms")
    monkeypatch.setattr(partitions, "PAUSE", 0)
    reader("SELECT FROM generations_rest")
    before = names()
    far = NOW + timedelta(days=3_000)

    with pytest.raises(partitions.Busy, match="run maintain_usage again later"):
        make(now=far)
    assert names() == before

    with time_machine.travel(far, tick=False):
        partitions.make_after_migrating(None, using="default")
    assert "run maintain_usage again later" in caplog.text


@pytest.fixture
def own_partitions(transactional_db: None) -> Iterator[None]:
    """Parts that outlive a transaction are taken away by hand."""
    before = names()
    yield
    for name in set(names()) - set(before):
        sql(f"DROP TABLE {name}")


@on_postgresql
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("own_partitions")
def test_recording_goes_on_while_its_month_moves():
    AIModelFactory(model_id="acme/m1")
    month = datetime(2024, 5, 1, tzinfo=UTC)
    recorded: list[bool] = []
    begun, stop = Event(), Event()

    def keep_recording() -> None:
        try:
            while not stop.is_set():
                at = month + timedelta(minutes=len(recorded))
                recorded.append(count(f"at work {len(recorded)}", at).is_new)
                if len(recorded) == 20:
                    begun.set()
        finally:
            connection.close()

    recorder = Thread(target=keep_recording)
    recorder.start()
    assert begun.wait(20)
    made = make(now=datetime(2024, 5, 20, tzinfo=UTC))
    seen = len(recorded)
    while len(recorded) < seen + 20 and recorder.is_alive():
        stop.wait(0.01)
    stop.set()
    recorder.join()

    assert all(recorded)
    assert dict(made)["generations_2024_05"] >= 20
    assert where_they_lie() == {"generations_2024_05": len(recorded)}
    assert findings() == []
