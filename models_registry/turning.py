"""What is set to change at a moment, and is carried out by the first look after it, before that is answered.

A capability whose rows wait for their moment registers a `Turn`. Nobody has to act at that moment, and no
clock but the database's counts: writers carry out what is due before they read what they change
(`CatalogueRevision.objects.lock`), Django before it answers a read (`videoai.turning`), and the edge learns
of the next turn with each look at the catalogue.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Turn:
    """Rows of `table` wait for the moment in `column` as long as the SQL condition `pending` holds of them.

    `settle` is the dotted name of what carries out all of them that are due by the database's clock, in the
    open transaction and in the order of their moments; afterwards `pending` holds of none of those. Moments
    are whole milliseconds.
    """

    table: str
    column: str
    pending: str
    settle: str


_turns: list[Turn] = []
_is_settling: ContextVar[bool] = ContextVar("is_settling", default=False)


def register(turn: Turn) -> None:
    """Have `turn` carried out from now on; call it in `AppConfig.ready`."""
    _turns.append(turn)


def next_turn_sql() -> str:
    """One scalar query: the next moment at which something is due, or was and is not carried out; or NULL."""
    each = " UNION ALL ".join(
        f"SELECT min({turn.column}) AS at FROM {turn.table} WHERE {turn.pending}"  # noqa: S608
        for turn in _turns
    )
    return f"SELECT min(at) FROM ({each}) AS turns" if each else "SELECT NULL"  # noqa: S608


def is_due_sql(vendor: str) -> str:
    """A condition: something is due by the database's clock. SQLite's has milliseconds."""
    if not _turns:
        return "1 = 0"
    if vendor == "sqlite":
        return f"coalesce(julianday(({next_turn_sql()})) <= julianday('now'), 0)"
    return f"coalesce(({next_turn_sql()}) <= clock_timestamp(), false)"


def is_due_expression() -> RawSQL:
    """`is_due` as a column of somebody's own query."""
    sql = "1 = 0" if _is_settling.get() else is_due_sql(connection.vendor)
    return RawSQL(f"({sql})", [], output_field=BooleanField())  # noqa: S611


def next_turn() -> datetime | None:
    """When the next thing changes by itself, as things stand; past if it is due and not carried out yet."""
    with connection.cursor() as cursor:
        cursor.execute(next_turn_sql())
        (moment,) = cursor.fetchone()
    if isinstance(moment, str):  # as SQLite has it, in UTC
        moment = datetime.fromisoformat(moment)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None if moment is None else moment.astimezone(UTC)


def is_due() -> bool:
    """Is there something to carry out? One query; none while it is being done."""
    if not _turns or _is_settling.get():
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {is_due_sql(connection.vendor)}")
        return bool(cursor.fetchone()[0])


def clock() -> datetime:
    """What time it is, as the database sees it."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')")
            return datetime.fromisoformat(cursor.fetchone()[0])
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment.astimezone(UTC)


def settle() -> None:
    """Carry out what is due; needs an open transaction that holds the catalogue's lock."""
    with _settling():
        for turn in _turns:
            import_string(turn.settle)()


@contextmanager
def _settling() -> Iterator[None]:
    token = _is_settling.set(True)
    try:
        yield
    finally:
        _is_settling.reset(token)
