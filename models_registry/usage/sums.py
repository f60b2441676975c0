"""What the sums ought to be, as SQL: those of an hour from its generations, of a day from its hours, of a
month from its days, and since ever from the months.

`rebuilding` writes what these queries say and `verifying` compares it with what stands, so that both ask the
same. Rows come in the columns of the table that they belong to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from models_registry.usage.months import in_reach
from models_registry.usage.periods import Grain, month_of
from models_registry.usage.statements import COUNTERS, ERROR_COUNTS, ROLLUPS, Table

SUMMED_FROM = {Grain.DAY: Grain.HOUR, Grain.MONTH: Grain.DAY}
TABLES = (ROLLUPS, ERROR_COUNTS)


class Scope(NamedTuple):
    """A stretch of time, and the models by primary key; none named means all."""

    start: datetime
    end: datetime
    models: Sequence[int] = ()

    @classmethod
    def month(cls, month: datetime, models: Sequence[int] = ()) -> "Scope":
        return cls(month, Grain.MONTH.after(month), models)

    def where(self, column: str) -> "Where":
        of_models = Where.models(self.models)
        bounds = [connection.ops.adapt_datetimefield_value(bound) for bound in (self.start, self.end)]
        return Where(f"{column} >= %s AND {column} < %s AND {of_models.sql}", [*bounds, *of_models.params])


class Where(NamedTuple):
    """A condition, and the parameters in it."""

    sql: str
    params: list[Any]

    @classmethod
    def models(cls, models: Sequence[int]) -> "Where":
        if not models:
            return cls("true", [])
        return cls(f"model_id IN ({', '.join(['%s'] * len(models))})", list(models))


@dataclass(frozen=True)
class Sums:
    """Rows for `table`, by the SQL of their columns, grouped by their keys."""

    table: Table
    columns: Mapping[str, str]
    origin: str  # what is summed up
    where: Where

    @property
    def keys(self) -> list[str]:
        """What tells rows of one grain apart."""
        return [name for name in self.table.key if name != "grain"]

    @property
    def select(self) -> str:
        columns = ", ".join(f"{self.columns[name]} AS {name}" for name in self.table.columns)
        return f"SELECT {columns} FROM {self.origin} WHERE {self.where.sql} GROUP BY {self._key_sql}"

    @property
    def select_keys(self) -> str:
        return f"SELECT DISTINCT {self._key_sql} FROM {self.origin} WHERE {self.where.sql}"

    @property
    def _key_sql(self) -> str:
        return ", ".join(self.columns[name] for name in self.keys)


def of_generations(table: Table, scope: Scope) -> Sums:
    """The sums of hours."""
    where = scope.where("finished_at")
    if table is ERROR_COUNTS:
        where = Where(f"{where.sql} AND NOT success AND error_code <> ''", where.params)
    columns = {**_period(Grain.HOUR, "finished_at"), "error_code": "error_code", **_GENERATION_SUMS}
    columns["sketch"] = _SKETCH_OF_BUCKETS[connection.vendor]
    return Sums(table, columns, "generations", where)


def of_sums(table: Table, grain: Grain, scope: Scope) -> Sums:
    """The sums of days from those of hours, and of months from those of days."""
    where = scope.where("start")
    where = Where(f"grain = %s AND {where.sql}", [SUMMED_FROM[grain].value, *where.params])
    columns = {**_period(grain, "start"), "error_code": "error_code", **_added_up(table)}
    return Sums(table, columns, table.name, where)


def of_months(models: Sequence[int]) -> Sums:
    """The counters, of models that there are: a counter holds on to its model's row."""
    where = Where.models(models)
    known = "model_id IN (SELECT id FROM models)"
    where = Where(f"grain = %s AND {known} AND {where.sql}", [Grain.MONTH.value, *where.params])
    return Sums(COUNTERS, {"model_id": "model_id", **_added_up(COUNTERS)}, ROLLUPS.name, where)


def sums_of(table: Table, grain: Grain, scope: Scope) -> Sums:
    return of_generations(table, scope) if grain == Grain.HOUR else of_sums(table, grain, scope)


def comparable(column: str) -> str:
    """A stored column, written as the sums are: SQLite keeps sketches as they were first put in."""
    if column == "sketch" and connection.vendor == "sqlite":
        return "sketch_plain(sketch)"
    return column


def start_of(grain: Grain, column: str) -> str:
    """When the stretch began that a time lies in; SQLite keeps times as text."""
    if connection.vendor == "postgresql":
        return f"date_trunc('{grain}', {column}, 'UTC')"
    length, rest = _TEXT[grain]
    return f"substr({column}, 1, {length}) || '{rest}'"


def strange() -> str:
    """The condition that a row can be nothing's sum: of no grain that there is, or of no time in reach."""
    known = ", ".join(f"'{grain}'" for grain in Grain.values)
    return f"(grain NOT IN ({known}) OR NOT ({in_reach(connection, 'start')}))"


def months_between(start: datetime, end: datetime) -> Scope:
    """The whole months that a stretch touches."""
    last = month_of(end)
    return Scope(month_of(start), last if last == end else Grain.MONTH.after(last))


_TEXT = {Grain.HOUR: (13, ":00:00"), Grain.DAY: (10, " 00:00:00"), Grain.MONTH: (7, "-01 00:00:00")}

_GENERATION_SUMS = {
    "generations": "COUNT(*)",
    "failures": "COUNT(*)",
    "successes": "COUNT(*) FILTER (WHERE success)",
    "microseconds": "CAST(SUM(microseconds) AS bigint)",
    "success_microseconds": "CAST(COALESCE(SUM(microseconds) FILTER (WHERE success), 0) AS bigint)",
    "queued": "COUNT(queue_microseconds)",
    "queue_microseconds": "CAST(COALESCE(SUM(queue_microseconds), 0) AS bigint)",
    "costed": "COUNT(cost_nanodollars)",
    "cost_nanodollars": "CAST(COALESCE(SUM(cost_nanodollars), 0) AS bigint)",
    "credited": "COUNT(credits)",
    "credits": "CAST(COALESCE(SUM(credits), 0) AS bigint)",
}

# A sketch is the sum of 10^(12 × bucket), see `sketch`.
_SKETCH_OF_BUCKETS = {
    "postgresql": "COALESCE(SUM(CAST('1E' || 12 * bucket AS numeric)) FILTER (WHERE success), 0)",
    "sqlite": "COALESCE(sketch_of(bucket) FILTER (WHERE success), '0')",
}
# Digits and at most one point; NaN is above all numbers, and the greatest sketch is far below 1E9999.
UNREADABLE_SKETCH = {
    "postgresql": "NOT (sketch >= 0 AND sketch < CAST('1E9999' AS numeric))",
    "sqlite": "(sketch GLOB '*[^0-9.]*' OR sketch GLOB '*.*.*' OR sketch IN ('', '.'))",
}
_SKETCH_SUM = {
    "postgresql": "SUM(sketch)",
    "sqlite": f"sketch_sum(CASE WHEN {UNREADABLE_SKETCH['sqlite']} THEN 'NaN' ELSE sketch END)",
}


def _period(grain: Grain, column: str) -> dict[str, str]:
    return {
        "model_id": "model_id",
        "grain": f"'{grain}'",
        "start": start_of(grain, column),
        "quality": "quality",
        "duration": "duration",
    }


def _added_up(table: Table) -> dict[str, str]:
    columns = {name: f"CAST(SUM({name}) AS bigint)" for name in table.others}
    if "sketch" in columns:
        columns["sketch"] = _SKETCH_SUM[connection.vendor]
    return columns
