"""The databases beside the first one: replicas, which reads that may be old are sent to."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from videoai.doctor.finding import Finding, doubtful, fine, wrong

# Nothing may have been written for an hour, and the replica still be up to date.
STANDING = """
    SELECT pg_is_in_recovery(), CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END
"""


def follow() -> Iterator[Finding]:
    for alias in connections:
        if alias != DEFAULT_DB_ALIAS:
            yield _followed(alias)


def _followed(alias: str) -> Finding:
    try:
        is_replica, lag = _standing(alias)
    except DatabaseError as error:
        told = f"{alias} does not answer: {' '.join(str(error).split())}"
        return doubtful(told, "The primary answers in its place. See whether it runs, and REPLICA_URLS.")
    if not is_replica:
        return wrong(f"{alias} is no replica: it takes writes itself", "Take it out of REPLICA_URLS.")
    most = settings.REPLICA_MOST_LAG_SECONDS
    told = f"{alias} is {lag:.1f} s behind"
    if lag > most:
        return doubtful(told, f"Above {most} s it is left out. See what keeps it busy, and its network.")
    return fine(told)


def _standing(alias: str) -> tuple[bool, float]:
    with connections[alias].cursor() as cursor:
        cursor.execute(STANDING)
        row: tuple[Any, ...] = cursor.fetchone()
    return bool(row[0]), float(row[1] or 0)
