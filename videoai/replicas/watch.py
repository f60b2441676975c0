"""Looks after the replicas in a thread of its own, so that no request ever waits for the asking."""

import logging
import time
from collections.abc import Sequence
from itertools import count
from threading import Event, Lock, Thread
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, close_old_connections, connections

from videoai.replicas.silence import waiting_no_longer
from videoai.replicas.standing import Primary, Seen, Standing

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
PATIENCE_SECONDS = 2.0
# The very first who asks waits for the first look, so that commands read from replicas, too.
FIRST_SECONDS = 3.0
PRIMARY_SQL = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), (SELECT count(*) FROM django_migrations)"
REPLICA_SQL = (
    "SELECT pg_is_in_recovery(), pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'),"
    " (SELECT count(*) FROM django_migrations)"
)


class Watch:
    """The replicas of a process. Its thread starts with the first who asks."""

    def __init__(self, aliases: Sequence[str], *, most_lag: float) -> None:
        self._standings = {alias: Standing(alias, most_lag=most_lag) for alias in aliases}
        self._turns = count()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._has_looked = Event()

    def pick(self) -> Standing | None:
        """One that can be read from, in turns; None if there is none."""
        if not self._has_looked.is_set():
            self._start()
            self._has_looked.wait(FIRST_SECONDS)
        good = [standing for standing in self._standings.values() if not standing.trouble()]
        return good[next(self._turns) % len(good)] if good else None

    def look(self) -> None:
        """Ask the primary how far it is, then each replica whether it is there."""
        close_old_connections()
        primary = self._primary()
        for standing in self._standings.values():
            if primary is not None:
                standing.mark(primary)
            try:
                with waiting_no_longer(PATIENCE_SECONDS):
                    is_replica, replayed, migrations = _ask(standing.alias, REPLICA_SQL)
            except Error as error:
                connections[standing.alias].close()
                standing.fail(error)
            else:
                standing.see(Seen(is_replica, None if replayed is None else int(replayed), migrations))

    def _primary(self) -> Primary | None:
        at = time.monotonic()
        try:
            written, migrations = _ask(DEFAULT_DB_ALIAS, PRIMARY_SQL)
        except Error as error:  # whoever needs it will say so; meanwhile the replicas grow old
            logger.info("The primary does not say how far it is: %s", type(error).__name__)
            return None
        return Primary(at, int(written), migrations)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="replicas", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                logger.exception("The replicas could not be looked after.")
            self._has_looked.set()
            time.sleep(EVERY_SECONDS)


def _ask(alias: str, sql: str) -> tuple[Any, ...]:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


watch = Watch(
    [alias for alias in settings.DATABASES if alias != DEFAULT_DB_ALIAS],
    most_lag=settings.REPLICA_MOST_LAG_SECONDS,
)
