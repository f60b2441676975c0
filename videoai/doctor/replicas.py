"""The databases beside the first one: replicas, which reads that may be old are sent to."""

import math
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from videoai.doctor.finding import Finding, doubtful, fine, wrong
from videoai.replicas.silence import waiting_no_longer

LOOKS, PAUSE = 20, 0.1  # seconds: what was written just now is on its way
PATIENCE = 5.0  # seconds that one may take to say all that
WRITTEN = "SELECT pg_current_wal_lsn()::text"
# By what it has of what the primary has: one that is cut off knows of nothing that it lacks. How old its last
# transaction is tells nothing while it has all, for nothing may have been written for an hour.
STANDING = """
    SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn() >= %s::pg_lsn,
        extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
"""


def follow() -> Iterator[Finding]:
    for alias in connections:
        if alias != DEFAULT_DB_ALIAS:
            yield _followed(alias)


def _followed(alias: str) -> Finding:
    try:
        with waiting_no_longer(PATIENCE):
            is_replica, lag = _standing(alias)
    except DatabaseError as error:
        told = f"{alias} does not answer: {' '.join(str(error).split())}"
        return doubtful(told, "The primary answers in its place. See whether it runs, and REPLICA_URLS.")
    if not is_replica:
        return wrong(f"{alias} is no replica: it takes writes itself", "Take it out of REPLICA_URLS.")
    most = settings.REPLICA_MOST_LAG_SECONDS
    told = f"{alias} is {'behind' if lag == math.inf else f'{lag:.1f} s behind'}"
    if lag > most:
        return doubtful(told, f"Above {most} s it is left out. See what keeps it busy, and its network.")
    return fine(told)


def _standing(alias: str) -> tuple[bool, float]:
    """Whether it is a replica, and how many seconds it is behind; that is endless if nothing ever came."""
    (written,) = _row(DEFAULT_DB_ALIAS, WRITTEN)
    for _ in range(LOOKS):
        is_replica, has_all, age = _row(alias, STANDING, written)
        if has_all or not is_replica:
            return bool(is_replica), 0.0
        time.sleep(PAUSE)
    return True, math.inf if age is None else float(age)


def _row(alias: str, query: str, *parameters: str) -> tuple[Any, ...]:
    with connections[alias].cursor() as cursor:
        cursor.execute(query, parameters)
        return tuple(cursor.fetchone())
