"""When a replica may be read from, told from what it and the primary say of themselves."""

import logging

import pytest
from psycopg import OperationalError

from videoai.replicas import silence, standing
from videoai.replicas.standing import Primary, Seen, Standing

MOST_LAG = 30


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(standing, "time", clock)
    return clock


@pytest.fixture
def replica():
    yield Standing("replica_1", most_lag=MOST_LAG)
    silence.tell("replica_1", silent=False)


def look(replica, clock, *, written, replayed, migrations=(7, 7), is_replica=True):
    replica.mark(Primary(clock.now, written, migrations[0]))
    replica.see(Seen(is_replica, replayed, migrations[1]))
    return replica.trouble()


def test_one_that_was_never_asked_is_not_read_from(replica):
    assert replica.trouble() == "has not been asked yet"


def test_one_that_has_all_is_read_from_however_long_nothing_was_written(replica, clock):
    assert look(replica, clock, written=100, replayed=100) == ""

    clock.now += 86_400

    assert look(replica, clock, written=100, replayed=100) == ""


def test_one_that_is_a_little_behind_is_read_from(replica, clock):
    look(replica, clock, written=100, replayed=100)
    clock.now += MOST_LAG - 1

    assert look(replica, clock, written=200, replayed=150) == ""


def test_one_that_has_nothing_new_for_too_long_is_not(replica, clock):
    look(replica, clock, written=100, replayed=100)
    clock.now += 1
    look(replica, clock, written=200, replayed=100)
    clock.now += MOST_LAG + 1

    assert look(replica, clock, written=200, replayed=100) == "is more than 30 seconds behind"


def test_one_that_follows_at_a_distance_is_as_far_behind_as_that(replica, clock):
    look(replica, clock, written=100, replayed=100)
    for written in range(200, 3_000, 100):
        clock.now += 10
        trouble = look(replica, clock, written=written, replayed=written - 200)  # what was 20 seconds ago
        assert trouble == ""


def test_one_that_follows_at_a_distance_of_hours_is_measured_too(clock):
    """With no more marks than before: the older they are, the fewer."""
    replica = Standing("replica_1", most_lag=7_200)
    written = 0
    trouble = look(replica, clock, written=written, replayed=0)
    for _ in range(5_000):
        clock.now += 2
        written += 2
        trouble = look(replica, clock, written=written, replayed=max(0, written - 6_000))
        assert trouble == ""

    assert len(replica._marks) <= standing.MOST_MARKS


def test_what_was_seen_grows_old_when_nobody_looks_any_more(replica, clock):
    look(replica, clock, written=100, replayed=100)
    clock.now += MOST_LAG + 1

    assert "behind" in replica.trouble()


@pytest.mark.parametrize(
    ("seen", "trouble"),
    [
        ({"is_replica": False, "replayed": 100}, "is no replica"),
        ({"is_replica": True, "replayed": None}, "is no replica"),
        ({"replayed": 100, "migrations": (8, 7)}, "has not the primary's migrations"),
    ],
)
def test_one_that_is_another_kind_of_database_is_not(replica, clock, seen, trouble):
    assert look(replica, clock, written=100, **seen) == trouble


def test_it_is_said_once_when_one_fails_and_once_when_it_is_back(replica, clock, caplog):
    caplog.set_level(logging.WARNING)
    secret = OperationalError("no route to ada:s3cret@one")

    for _ in range(3):
        replica.fail(secret)
    for _ in range(3):
        look(replica, clock, written=100, replayed=100)

    assert [record.getMessage() for record in caplog.records] == [
        "replica_1 does not answer (OperationalError); until it is good again, others answer.",
        "replica_1 is read from again.",
    ]


def test_who_waits_for_one_that_fell_silent_gives_up(replica, clock):
    replica.fail(OperationalError())
    assert silence.is_silent("replica_1")

    look(replica, clock, written=100, replayed=100)
    assert not silence.is_silent("replica_1")


def test_who_looks_after_it_waits_by_his_own_clock():
    silence.tell("replica_1", silent=True)
    with silence.waiting_no_longer(60):
        assert not silence.is_silent("replica_1")
    with silence.waiting_no_longer(-1):
        assert silence.is_silent("replica_1")
    silence.tell("replica_1", silent=False)
