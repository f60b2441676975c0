"""What stands in a table of sums, beside what ought to: one statement each, so it reads one state of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from models_registry.usage import sketch
from models_registry.usage.months import moment
from models_registry.usage.periods import Grain
from models_registry.usage.statements import ROLLUPS, Table
from models_registry.usage.sums import (
    TABLES,
    UNREADABLE_SKETCH,
    Scope,
    Sums,
    Where,
    comparable,
    of_months,
    sums_of,
)
from models_registry.values import shown

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Disagreement:
    """A row of sums, by column, as it stands and as it ought to be; None where no row is, or should be."""

    table: Table
    grain: Grain | None  # None: since ever
    key: dict[str, Any]
    standing: dict[str, Any] | None
    right: dict[str, Any] | None

    @property
    def model(self) -> int:
        return int(self.key["model_id"])

    @property
    def where(self) -> str:
        """Which row of its model it is, as in `hour 2026-11-22T19:00Z, quality high, 5 s`."""
        if self.grain is None:
            return "counter"
        parts = [f"{self.grain} {_told(self.key['start'])}"]
        parts += [f"quality {shown(self.key['quality'])}"] if self.key["quality"] else []
        parts += [f"{self.key['duration']} s"] if self.key["duration"] else []
        parts += [f"error {shown(self.key['error_code'])}"] if "error_code" in self.key else []
        return ", ".join(parts)

    @property
    def what(self) -> str:
        """How the row is wrong, as in `generations is 3 and should be 2`."""
        if self.standing is None:
            return f"there is no row, and should be one with {_counts(self.right)}"
        if self.right is None:
            return f"there is a row with {_counts(self.standing)}, and should be none"
        differences = (
            _difference(name, self.standing[name], self.right[name])
            for name in self.table.others
            if self.standing[name] != self.right[name]
        )
        return ", ".join(differences)


class UnreadableSketch(Disagreement):
    """A row whose sketch makes every sum unreadable that it goes into."""

    @property
    def what(self) -> str:
        return "sketch is none that can be read"


def unreadable_sketches(grain: Grain, scope: Scope) -> Iterator[UnreadableSketch]:
    """Rollups of any grain; that they are the sums of what they are made of is no excuse."""
    where = scope.where("start")
    keys = [name for name in ROLLUPS.key if name != "grain"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(keys)} FROM {ROLLUPS.name} WHERE grain = %s AND {where.sql} "
            f"AND {UNREADABLE_SKETCH[connection.vendor]} ORDER BY start, {', '.join(keys)}",
            [grain.value, *where.params],
        )
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                yield UnreadableSketch(ROLLUPS, grain, dict(zip(keys, row, strict=True)), None, None)


def disagreements(grain: Grain, scope: Scope) -> Iterator[Disagreement]:
    """Where rollups and error counts are not the sums of what they are made of."""
    where = scope.where("start")
    standing = Where(f"grain = %s AND {where.sql}", [grain.value, *where.params])
    for table in TABLES:
        yield from _compare(sums_of(table, grain, scope), standing, grain)


def wrong_counters(models: tuple[int, ...] = ()) -> Iterator[Disagreement]:
    """Where counters are not the sums of the months."""
    yield from _compare(of_months(models), Where.models(models), None)


def _compare(sums: Sums, standing: Where, grain: Grain | None) -> Iterator[Disagreement]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(sums, standing), [*standing.params, *sums.where.params])
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                yield _read(sums, grain, row)


def _statement(sums: Sums, standing: Where) -> str:
    """The rows that are not there twice, as they stand and as they ought to be, with the same values."""
    table, keys = sums.table, ", ".join(sums.keys)
    columns = ", ".join(f"{comparable(name)} AS {name}" for name in table.columns)
    pairs = ", ".join(
        f"MAX(CASE WHEN stands = {stands} THEN {name} END)" for stands in (1, 0) for name in table.others
    )
    differ = " OR ".join(f"MIN({name}) <> MAX({name})" for name in table.others)
    return (
        f"SELECT {keys}, SUM(stands), SUM(1 - stands), {pairs} FROM ("
        f"SELECT 1 AS stands, {columns} FROM {table.name} WHERE {standing.sql} "
        f"UNION ALL SELECT 0, ought.* FROM ({sums.select}) AS ought"
        f") AS sides GROUP BY {keys} HAVING COUNT(*) <> 2 OR {differ} ORDER BY {keys}"
    )


def _read(sums: Sums, grain: Grain | None, row: tuple[Any, ...]) -> Disagreement:
    key_width, width = len(sums.keys), len(sums.table.others)
    key, (stands, ought), values = row[:key_width], row[key_width : key_width + 2], row[key_width + 2 :]
    standing, right = values[:width], values[width:]
    return Disagreement(
        sums.table,
        grain,
        dict(zip(sums.keys, key, strict=True)),
        dict(zip(sums.table.others, standing, strict=True)) if stands else None,
        dict(zip(sums.table.others, right, strict=True)) if ought else None,
    )


def _counts(row: dict[str, Any] | None) -> str:
    counted = [f"{name} {row[name]}" for name in ("generations", "failures") if row and name in row]
    return ", ".join(counted)


def _difference(name: str, standing: Any, right: Any) -> str:
    if name != "sketch":
        return f"{name} is {standing} and should be {right}"
    stored, due = _buckets(standing), _buckets(right)
    if stored is None or due is None:
        return "sketch is none that can be read"
    if stored == due:
        return "sketch is written in another way than sums are"
    bucket = min(bucket for bucket in {*stored, *due} if stored.get(bucket) != due.get(bucket))
    return f"sketch counts {stored.get(bucket, 0)} in bucket {bucket} and should count {due.get(bucket, 0)}"


def _buckets(value: Any) -> dict[int, int] | None:
    try:
        return sketch.read(format(value, "f") if not isinstance(value, str) else value)
    except ValueError:
        return None


def _told(start: Any) -> str:
    try:
        found: datetime = moment(start)
    except (ValueError, TypeError):
        return shown(start)
    return f"{found:%Y-%m-%dT%H:%MZ}"
