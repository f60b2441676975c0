"""One `migrate` at a time on a database, and for how long each of its statements may wait for a lock."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.core.files import locks
from django.core.management import CommandError
from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

TURN = 0x56_41_49_4D  # any number that nothing else in the database locks
PAUSE = 0.5  # seconds

# What may take as long as it takes. A release of PostgreSQL that knows one of them not is not told.
ENDLESS = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")

HOLDER = (
    "SELECT activity.pid, host(client_addr), round(extract(epoch FROM clock_timestamp() - backend_start)) "
    "FROM pg_locks JOIN pg_stat_activity AS activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = %s AND objsubid = 1 "
    "AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@contextmanager
def turn(connection: BaseDatabaseWrapper, *, say: Callable[[str], None]) -> Iterator[None]:
    """Wait until nobody else migrates this database; the turn ends with the session, if that breaks.

    Asked for again and again: a session that waits in the database for a lock has a transaction open, which
    an index that is being built would wait for in turn.
    """
    told = False
    while not _ask(connection, "SELECT pg_try_advisory_lock(%s)", [TURN])[0][0]:
        if not told:
            say(f"Another migrate is at work in this database{_holder(connection)}. This one waits its turn.")
            told = True
        time.sleep(PAUSE)
    try:
        yield
    finally:
        with suppress(Error):  # a session that broke holds nothing any more
            _ask(connection, "SELECT pg_advisory_unlock(%s)", [TURN])


@contextmanager
def turn_at_file(connection: BaseDatabaseWrapper, *, say: Callable[[str], None]) -> Iterator[None]:
    """As `turn`, for SQLite: each migration is a transaction of its own there, and no lock spans them all.

    The file that is locked stays beside the database: who removed it would let in two at once.
    """
    path = Path(f"{connection.settings_dict['NAME']}.migrate")
    try:
        file = path.open("w")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}. The database's folder has to take it.") from error
    with file:
        if not locks.lock(file, locks.LOCK_EX | locks.LOCK_NB):
            say("Another migrate is at work in this database. This one waits its turn.")
            locks.lock(file, locks.LOCK_EX)
        yield


@contextmanager
def waiting_briefly(connection: BaseDatabaseWrapper, *, seconds: int) -> Iterator[None]:
    """Each statement waits at most `seconds` for a lock, and may then take as long as it needs."""
    names = ["lock_timeout", *ENDLESS]
    before = _ask(connection, "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [names])
    for name, _ in before:
        _set(connection, name, f"{seconds}s" if name == "lock_timeout" else "0")
    try:
        yield
    finally:
        with suppress(Error):  # a session that broke has no settings any more
            for name, setting in before:
                _set(connection, name, setting)


def _holder(connection: BaseDatabaseWrapper) -> str:
    for pid, address, seconds in _ask(connection, HOLDER, [TURN]):
        return f" (process {pid} of {address or 'this machine'}, for {seconds:,} s)"
    return ""


def _set(connection: BaseDatabaseWrapper, name: str, value: str) -> None:
    _ask(connection, "SELECT set_config(%s, %s, false)", [name, value])


def _ask(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
