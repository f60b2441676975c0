"""Since when the generations themselves are kept; those that finished before are only in the sums.

Its table's lock keeps upkeep in order: who drops or moves generations holds it alone, who reads them at
length holds it together with others. Recording never asks for it, so nobody who records waits for it.
"""

from datetime import datetime

from django.db.backends.base.base import BaseDatabaseWrapper

from models_registry.usage.months import moment

TABLE = "usage_horizon"  # by name: what prepares the database at `migrate` is loaded before the models


def kept_since(connection: BaseDatabaseWrapper) -> datetime | None:
    """None as long as nothing was ever dropped."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT kept_since FROM {TABLE}")
        row = cursor.fetchone()
    return moment(row[0]) if row else None


def move(connection: BaseDatabaseWrapper, *, to: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (id, kept_since) VALUES (1, %s) "
            "ON CONFLICT (id) DO UPDATE SET kept_since = excluded.kept_since",
            [connection.ops.adapt_datetimefield_value(to)],
        )


def hold_alone(connection: BaseDatabaseWrapper) -> None:
    """Until the transaction ends, nobody else does upkeep; waits for those who are at it."""
    _lock(connection, "EXCLUSIVE")


def hold(connection: BaseDatabaseWrapper) -> None:
    """Until the transaction ends, no generation is dropped or moved.

    Takes no snapshot on PostgreSQL: whoever begins with it reads what stands once it is granted.
    """
    _lock(connection, "ROW SHARE")


def _lock(connection: BaseDatabaseWrapper, mode: str) -> None:
    """On SQLite a transaction of ours holds the one lock of all writers anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {TABLE} IN {mode} MODE")
