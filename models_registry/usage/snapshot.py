"""Reading several statements of one state, whatever is recorded in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections, transaction


@contextmanager
def one_state() -> Iterator[None]:
    """A transaction for reading only, which sees what stood at its first statement.

    Within another transaction, as in a test, it is that one, which sees its own changes.
    """
    if connection.in_atomic_block:
        yield
        return
    with _as_reader(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@contextmanager
def _as_reader() -> Iterator[None]:
    """Let transactions on SQLite begin without its one lock of all writers."""
    connection.ensure_connection()
    wrapper: Any = connections[connection.alias]
    mode = getattr(wrapper, "transaction_mode", None)
    wrapper.transaction_mode = "DEFERRED"
    try:
        yield
    finally:
        wrapper.transaction_mode = mode
