"""What a piece of work leaves behind, undone again: for two ways of doing the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from models_registry.audit.models import AuditEntry, AuditHead
from models_registry.audit.occasion import Actor, acting
from models_registry.audit.verifying import Verification
from models_registry.models import AIModel
from pricing.models import Rate

NOON = datetime(2031, 5, 5, 12, tzinfo=UTC)
BY_THE_DATABASE = {"created_at", "updated_at", "priced_at"}  # whose clock nobody holds


def left_by(work: Callable[[], object]) -> dict[str, Any]:
    """Every entry of the trail to the byte, and the rows, as `work` leaves them; then it is undone."""
    with _undone(), time_machine.travel(NOON, tick=False):
        _number_new_rows_from(10_000)
        with acting(actor=Actor("user", "7", "ada"), source="admin", reason="New price list"):
            work()
        assert list(Verification().findings()) == []
        return {
            "entries": list(AuditEntry.objects.order_by("book", "number").values()),
            "heads": list(AuditHead.objects.order_by("book").values()),
            "models": rows_of(AIModel),
            "rates": rows_of(Rate),
        }


def rows_of(table: Any) -> list[dict[str, Any]]:
    columns = [field.attname for field in table._meta.concrete_fields if field.name not in BY_THE_DATABASE]
    return list(table.objects.order_by("pk").values(*columns))


def _number_new_rows_from(number: int) -> None:
    """PostgreSQL does not take back a number that was given out."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for table in ("models", "rates"):
                cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, number])


def queries_of(work: Callable[[], object]) -> int:
    with _undone(), CaptureQueriesContext(connection) as queries:
        work()
        return len(queries)


class _Undo(Exception):
    pass


@contextmanager
def _undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        pass
