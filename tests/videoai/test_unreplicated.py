"""A commit whose wait for a synchronous replica is cut off is not told as written."""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import pytest
from django.db import OperationalError, connection

from models_registry import transactions
from models_registry.transactions import OutcomeUnknown, same_again, whole
from models_registry.usage.statements import wait_for_replicas
from tests.videoai.replicas.pair import until
from videoai.deploy.local.postgresql import PACKAGE, PLACES, SUPERUSER, PostgreSQL
from videoai.deploy.local.processes import NotInstalled, program

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

NAME = "replica_1"
CUT_OFF = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


class Frozen(NamedTuple):
    """A primary that waits for its replica, and what copies there, which has been stopped."""

    primary: PostgreSQL
    replica: PostgreSQL
    copying: int

    def thaw(self) -> None:
        os.kill(self.copying, signal.SIGCONT)

    def written(self, server: PostgreSQL) -> object:
        with server.connect() as session:
            return session.execute("SELECT count(*) FROM written").fetchone()[0]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[PostgreSQL, PostgreSQL]]:
    try:
        program("initdb", package=PACKAGE, places=PLACES)
    except NotInstalled as missing:
        pytest.skip(str(missing))
    with tempfile.TemporaryDirectory(prefix="videoai-unreplicated-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own, who has to get through
        primary = PostgreSQL.made(Path(folder) / "primary")
        replica = None
        try:
            primary.start()
            replica = primary.replica(Path(folder) / "replica", name=NAME)
            replica.start()
            primary.wait_for_replica(NAME)
            primary.set({"synchronous_standby_names": f"'{NAME}'"})
            primary.reload()
            yield primary, replica
        finally:
            for server in filter(None, (replica, primary)):
                server.remove()


@pytest.fixture
def frozen(servers: tuple[PostgreSQL, PostgreSQL], monkeypatch: pytest.MonkeyPatch) -> Iterator[Frozen]:
    """What asks the default database is answered by a primary whose replica is stopped."""
    primary, replica = servers
    with primary.connect() as session:
        until(lambda: session.execute("SELECT sync_state FROM pg_stat_replication").fetchone() == ("sync",))
        session.execute("SET synchronous_commit = remote_apply")
        session.execute("DROP TABLE IF EXISTS written")
        session.execute("CREATE TABLE written (id integer PRIMARY KEY)")
    with replica.connect() as session:
        ((copying,),) = session.execute("SELECT pid FROM pg_stat_wal_receiver").fetchall()
    one = Frozen(primary, replica, copying)
    connection.close()
    for name, value in {"HOST": "127.0.0.1", "PORT": str(primary.port), "NAME": "postgres"}.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    monkeypatch.setitem(connection.settings_dict, "USER", SUPERUSER)
    options = {**connection.settings_dict["OPTIONS"], "options": ""}  # those of tests wait for nothing
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    os.kill(copying, signal.SIGSTOP)
    try:
        with cutting_off(primary):
            yield one
    finally:
        one.thaw()
        connection.close()
        monkeypatch.undo()


@contextmanager
def cutting_off(primary: PostgreSQL) -> Iterator[None]:
    """Meanwhile an operator cancels whoever waits for the replica."""
    is_over = Event()

    def cancel() -> None:
        with primary.connect() as session:
            while not is_over.wait(0.05):
                session.execute(CUT_OFF)

    operator = Thread(target=cancel, daemon=True)
    operator.start()
    try:
        yield
    finally:
        is_over.set()
        operator.join()


def write() -> str:
    """As a recording does: what stands already is the same again."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO written VALUES (1) ON CONFLICT DO NOTHING")
        is_new = bool(cursor.rowcount)
    if not is_new:
        wait_for_replicas()
    return "new" if is_new else "the same again"


def while_waiting(monkeypatch: pytest.MonkeyPatch, then: Callable[[], None]) -> None:
    monkeypatch.setattr(transactions, "pause", then)


def test_a_change_that_no_replica_has_is_told_as_unknown(frozen: Frozen) -> None:
    with pytest.raises(OutcomeUnknown):
        whole(write)()

    assert frozen.written(frozen.primary) == 1
    assert frozen.written(frozen.replica) == 0


def test_a_recording_that_no_replica_has_is_refused(frozen: Frozen, monkeypatch: pytest.MonkeyPatch) -> None:
    while_waiting(monkeypatch, lambda: None)

    with pytest.raises(OperationalError):
        same_again(write)()

    assert frozen.written(frozen.replica) == 0


def test_a_recording_is_told_as_written_when_its_replica_has_it(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_waiting(monkeypatch, frozen.thaw)

    assert same_again(write)() == "the same again"
    until(lambda: frozen.written(frozen.replica) == 1)
