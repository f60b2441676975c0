"""In which months there is anything, found by leaps over an index rather than by reading every row."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from models_registry.usage.periods import Grain, month_of


def months_in(
    connection: BaseDatabaseWrapper,
    table: str,
    column: str = "finished_at",
    *,
    where: str = "true",
    params: Sequence[Any] = (),
) -> Iterator[datetime]:
    """The months that the times in `column` lie in, in ascending order."""
    first = f"SELECT MIN({column}) FROM {table} WHERE {where}"
    found = _one(connection, first, params)
    while found is not None:
        month = month_of(found)
        yield month
        after = connection.ops.adapt_datetimefield_value(Grain.MONTH.after(month))
        found = _one(connection, f"{first} AND {column} >= %s", [*params, after])


def moment(stored: Any) -> datetime:
    """A time as a cursor returns it: SQLite keeps it as text, in UTC."""
    if isinstance(stored, datetime):
        return stored.astimezone(UTC)
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _one(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any]) -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        (found,) = cursor.fetchone()
    return None if found is None else moment(found)
