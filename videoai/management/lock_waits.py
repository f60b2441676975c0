"""Says, while a session of PostgreSQL waits for a lock, which table it waits for and who holds it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

EVERY = 0.25  # seconds

# No text of queries: their values are nobody's business here.
WAITS = """
    SELECT coalesce(relname, 'a ' || locktype), blocker.pid,
        coalesce(usename, '?'), coalesce(nullif(application_name, ''), host(client_addr), 'this machine'),
        coalesce(state, '?'),
        coalesce(round(extract(epoch FROM clock_timestamp() - xact_start)), 0)::int
    FROM pg_locks LEFT JOIN pg_class ON pg_class.oid = pg_locks.relation
        CROSS JOIN LATERAL unnest(pg_blocking_pids(pg_locks.pid)) AS blocker(pid)
        LEFT JOIN pg_stat_activity ON pg_stat_activity.pid = blocker.pid
    WHERE pg_locks.pid = %s AND NOT granted ORDER BY blocker.pid"""


class Wait(NamedTuple):
    """For what, and for which session (0: a prepared transaction)."""

    table: str
    pid: int
    user: str
    program: str
    state: str
    seconds: int

    def __str__(self) -> str:
        if not self.pid:
            return f"{self.table} is held by a prepared transaction"
        return (
            f"{self.table} is held by process {self.pid} ({self.user}, {self.program}: {self.state}, "
            f"its transaction is {self.seconds:,} s old)"
        )


class Watch:
    """Remembers what was waited for last, and says each new one once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.last: list[Wait] = []
        self._say = say
        self._told: set[tuple[str, int]] = set()

    def see(self, waits: list[Wait]) -> None:
        if waits:
            self.last = waits
        for wait in waits:
            if (wait.table, wait.pid) not in self._told:
                self._told.add((wait.table, wait.pid))
                self._say(f"Waiting: {wait}.")


@contextmanager
def watched(connection: BaseDatabaseWrapper, *, say: Callable[[str], None]) -> Iterator[Watch]:
    """Look at what the session of `connection` waits for, from a session beside it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    watch, over = Watch(say), threading.Event()
    beside = threading.Thread(target=_look, args=(connection, pid, watch, over), daemon=True)
    beside.start()
    try:
        yield watch
    finally:
        over.set()
        beside.join()


def _look(connection: BaseDatabaseWrapper, pid: int, watch: Watch, over: threading.Event) -> None:
    own = connection.copy()  # here, because a connection serves the thread alone that made it
    own.settings_dict["OPTIONS"].pop("pool", None)
    try:
        while not over.wait(EVERY):
            with own.cursor() as cursor:
                cursor.execute(WAITS, [pid])
                watch.see([Wait(*row) for row in cursor.fetchall()])
    except Error as error:
        # The migration goes on, or fails of the same.
        logger.warning("Nobody can say any more what migrate waits for: %s", error)
    finally:
        own.close()
