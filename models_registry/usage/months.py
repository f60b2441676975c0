"""In which months there is anything, found by leaps over an index rather than by reading every row."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from models_registry.usage.periods import EARLIEST, LATEST, Grain, month_of


def months_in(
    connection: BaseDatabaseWrapper,
    table: str,
    column: str = "finished_at",
    *,
    where: str = "true",
    params: Sequence[Any] = (),
) -> Iterator[datetime]:
    """The months that the times in `column` lie in, in ascending order, as far as they are in reach."""
    first = f"SELECT MIN({column}) FROM {table} WHERE {where} AND {in_reach(connection, column)}"
    found = _one(connection, first, params)
    while found is not None:
        month = month_of(found)
        yield month
        after = connection.ops.adapt_datetimefield_value(Grain.MONTH.after(month))
        found = _one(connection, f"{first} AND {column} >= %s", [*params, after])


def in_reach(connection: BaseDatabaseWrapper, column: str) -> str:
    """The condition that a time is one that usage can be of; SQLite's may be no time at all."""
    first, end = (connection.ops.adapt_datetimefield_value(bound) for bound in (EARLIEST, LATEST))
    within = f"{column} >= '{first}' AND {column} < '{end}'"
    if connection.vendor != "sqlite":
        return within
    to_the_second = f"substr({column}, 1, 19)"  # SQLite counts days that a month hasn't into the next
    return (
        f"({within} AND typeof({column}) = 'text' AND datetime({column}) IS NOT NULL "
        f"AND datetime({to_the_second}, '+0 days') = {to_the_second})"
    )


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
