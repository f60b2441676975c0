"""How long a request waits to be written down that has nothing to write itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

MILLISECONDS = 200


@contextmanager
def impatient() -> Iterator[None]:
    """Wait a moment for the database's lock, and no longer; then Django raises OperationalError.

    SQLite has one lock for all writers, and a big import holds it for seconds. Who is refused, or reads with
    a bad token, must not keep a whole process waiting for that: readers would wait behind.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        (usual,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {MILLISECONDS}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
