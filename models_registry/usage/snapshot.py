"""Reading several statements of one state, whatever is recorded in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, router, transaction

from models_registry.usage.models import UsageRollup


@contextmanager
def one_state() -> Iterator[None]:
    """A transaction for reading only, which sees what stood at its first statement.

    It is one of the database that usage is read from at the moment. Within another transaction, as in a test,
    it is that one, which sees its own changes.
    """
    connection = connections[router.db_for_read(UsageRollup)]
    if connection.in_atomic_block:
        yield
        return
    with _as_reader(connection), transaction.atomic(using=connection.alias):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@contextmanager
def _as_reader(wrapper: Any) -> Iterator[None]:
    """Let transactions on SQLite begin without its one lock of all writers."""
    wrapper.ensure_connection()
    mode = getattr(wrapper, "transaction_mode", None)
    wrapper.transaction_mode = "DEFERRED"
    try:
        yield
    finally:
        wrapper.transaction_mode = mode
