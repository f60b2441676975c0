"""The databases beside the first one: replicas, which reads that may be old are sent to."""

import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections

from videoai.doctor.finding import Finding, doubtful, fine
from videoai.replicas.silence import waiting_no_longer

WRITTEN = "SELECT pg_current_wal_lsn()"
# What it has copied may be all that it has got, and far from all that there is: only the primary knows.
STANDING = """
    SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn() >= %s,
        extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
"""
# In this time a good one has what was written when it was asked, however much is written meanwhile.
PATIENCE_SECONDS = 2.0
PAUSE_SECONDS = 0.05
MOST_SECONDS = 5.0  # that one which hangs may take to say all that


def follow() -> Iterator[Finding]:
    for alias in connections:
        if alias != DEFAULT_DB_ALIAS:
            yield _followed(alias)


def _followed(alias: str) -> Finding:
    written = _written()
    try:
        with waiting_no_longer(MOST_SECONDS):
            is_replica, lag = _standing(alias, written)
    except DatabaseError as error:
        told = f"{alias} does not answer: {' '.join(str(error).split())}"
        return doubtful(told, "The primary answers in its place. See whether it runs, and REPLICA_URLS.")
    if not is_replica:
        # As after each failover: nothing is read from it as a replica, so nothing is wrong yet.
        remedy = "Nobody reads it as a replica. If it was promoted, name in REPLICA_URLS who follows it now."
        return doubtful(f"{alias} is no replica: it takes writes itself", remedy)
    if written is None:
        remedy = "Mend the primary, or promote a replica that nothing acknowledged is missing from."
        return doubtful(f"{alias} answers; how far it is behind only the primary knows", remedy)
    if lag is None:
        return fine(f"{alias} has all that the primary has")
    most = settings.REPLICA_MOST_LAG_SECONDS
    told = f"{alias} has not what was written now, and nothing newer than {lag:,.0f} s"
    return doubtful(told, f"Above {most} s behind it is left out. See its log, and whether it still copies.")


def _written() -> str | None:
    """How far the primary is now; None while it does not say."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(WRITTEN)
            row: tuple[str] = cursor.fetchone()
    except DatabaseError:
        return None
    return row[0]


def _standing(alias: str, written: str | None) -> tuple[bool, float | None]:
    """Is it a replica; and, unless it has what was `written` in time, how old its newest change is."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        is_replica, has_it, age = _seen(alias, written)
        if has_it or not is_replica or written is None:
            return is_replica, None
        if time.monotonic() > until:
            return True, float(age or 0)
        time.sleep(PAUSE_SECONDS)


def _seen(alias: str, written: str | None) -> tuple[bool, bool, Any]:
    with connections[alias].cursor() as cursor:
        cursor.execute(STANDING, [written])
        row: tuple[Any, ...] = cursor.fetchone()
    return bool(row[0]), bool(row[1]), row[2]
