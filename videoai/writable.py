"""Does the database take writes? One answer for `/readyz/`, doctor and restore.

What a connection to PostgreSQL tells of itself without being asked, `postgresql/base.py` listens to.
"""

import os
from pathlib import Path
from typing import NamedTuple

from django.db import connection

# On a standby both are so, whatever was set.
ASKED = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"


class Refusal(NamedTuple):
    """Why it takes no writes, for who runs it, and what to do."""

    told: str
    remedy: str


def refusal() -> Refusal | None:
    """None if the database takes writes. Raises DatabaseError."""
    if connection.vendor == "sqlite":
        return of_file(Path(str(connection.settings_dict["NAME"])))
    with connection.cursor() as cursor:
        cursor.execute(ASKED)
        return of_server(*cursor.fetchone())


def of_file(file: Path) -> Refusal | None:
    """SQLite's, whose journal is written beside it; a database in memory has no file."""
    for place in (file, file.parent) if file.exists() else ():
        if not os.access(place, os.W_OK):  # nor on a disk that only reads, even for root
            return Refusal(f"{place} may not be written to", "Give it to the user that the server runs as.")
    return None


def of_server(is_standby: bool, is_read_only: bool) -> Refusal | None:
    """PostgreSQL's, of what it says when it is ASKED."""
    if is_standby:
        remedy = "Name the primary in DATABASE_URL, or all hosts with target_session_attrs=read-write."
        return Refusal("it is a replica, which takes no writes", remedy)
    if is_read_only:
        remedy = "See default_transaction_read_only of server, database and role."
        return Refusal("it takes no writes", remedy)
    return None
