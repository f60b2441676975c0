"""For writes that are not worth waiting for."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

PATIENCE = 250  # milliseconds that a request waits to be written down that writes nothing itself


@contextmanager
def waiting_at_most(milliseconds: int) -> Iterator[None]:
    """On SQLite, wait no longer for its one write lock, which an import may hold for seconds.

    What had to wait longer raises OperationalError. Other databases lock single rows: nothing changes.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds:d}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {before:d}")
