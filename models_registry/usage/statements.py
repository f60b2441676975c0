"""The SQL that recording consists of.

A statement takes all its rows as one text of JSON, which both engines read several times faster than a
thousand lists of parameters; and the ORM has no word for "add to what stands". Rows come sorted, so that
writers wait for each other in one order.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from psycopg import Pipeline

from models_registry.usage.tallies import Tally

Row = Mapping[str, Any]  # by column


@dataclass(frozen=True)
class Table:
    """A table that rows are put into: column → PostgreSQL's type."""

    name: str
    key: Mapping[str, str] = field(hash=False)
    others: Mapping[str, str] = field(hash=False)

    @property
    def columns(self) -> dict[str, str]:
        return {**self.key, **self.others}


KEYS = Table(
    "generation_keys",
    key={"generation_id": "text"},
    others={"finished_at": "timestamptz", "fingerprint": "bigint"},
)
GENERATIONS = Table(
    "generations",
    key={"finished_at": "timestamptz", "generation_id": "text"},
    others={
        "model_id": "bigint",
        "success": "boolean",
        "microseconds": "bigint",
        "bucket": "smallint",
        "duration": "smallint",
        "quality": "text",
        "queue_microseconds": "bigint",
        "error_code": "text",
        "cost_nanodollars": "bigint",
        "credits": "bigint",
        "price_row": "text",
    },
)
COUNTERS = Table("usage_counters", key={"model_id": "bigint"}, others=dict.fromkeys(Tally.SUMS[:3], "bigint"))
PERIOD = {
    "model_id": "bigint",
    "grain": "text",
    "start": "timestamptz",
    "quality": "text",
    "duration": "smallint",
}
ROLLUPS = Table(
    "usage_rollups", key=PERIOD, others={**dict.fromkeys(Tally.SUMS, "bigint"), "sketch": "numeric"}
)
ERROR_COUNTS = Table(
    "usage_error_counts", key={**PERIOD, "error_code": "text"}, others={"failures": "bigint"}
)


_AGREED = (
    "SELECT generation_id, model_id, quality, duration, credits, cost_nanodollars, price_row "
    "FROM agreed_prices"
)
# On PostgreSQL an array, which is planned in no time, and finds the index of however big a table.
_AMONG = {
    "postgresql": "generation_id = ANY(%s)",
    "sqlite": "generation_id IN (SELECT value FROM json_each(%s))",
}


@contextmanager
def sent_at_once() -> Iterator[None]:
    """Statements whose result nobody asks for wait for no answer of the database, where it can do that.

    Belongs inside the transaction: what failed is raised at the end. Raises django.db.Error.
    """
    if connection.vendor != "postgresql" or not Pipeline.is_supported():
        yield
        return
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


class Claimed(NamedTuple):
    """Which ids were free, and what stands in `agreed_prices` of any of them."""

    free: set[str]
    agreed: list[tuple[Any, ...]]  # generation_id and an `Agreement`


def claim(rows: Sequence[Row]) -> Claimed:
    """Put keys into their table, and look for what was agreed on.

    Waits for whoever is claiming one of them at the same moment, to know how that ends. Only then is there
    all that was agreed on, so it takes a second statement; on PostgreSQL the two are sent at once.
    """
    ids = [row["generation_id"] for row in rows]
    with connection.cursor() as claiming, connection.cursor() as asking:
        claiming.execute(f"{_insert(KEYS)} ON CONFLICT DO NOTHING RETURNING generation_id", [_json(rows)])
        asking.execute(f"{_AGREED} WHERE {_AMONG[connection.vendor]}", [_among(ids)])
        return Claimed({generation_id for (generation_id,) in claiming.fetchall()}, asking.fetchall())


def wait_for_replicas() -> None:
    """Let the commit wait for the replicas, as if something had been written.

    What is found to stand may be of a commit that was cut off in this very wait: it stands here, and would be
    lost with this server though we had called it recorded.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_logical_emit_message(true, 'videoai', '')")


def give_back(ids: Iterable[str]) -> None:
    """Take keys out again, in the transaction that claimed them; who waits for them gets them then."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {KEYS.name} WHERE {_AMONG[connection.vendor]}", [_among(ids)])


def insert(table: Table, rows: Iterable[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_insert(table), [_json(rows)])


def add(*additions: tuple[Table, Iterable[Row]]) -> None:
    """Add the other columns of rows to the stored rows of the same key, or put them there; in this order."""
    # Written first, because the first statement locks out whoever else records.
    written = [(table, _json(rows)) for table, rows in additions]
    with connection.cursor() as cursor:
        for table, text in written:
            cursor.execute(f"{_insert(table)} {_adding(table, connection.vendor)}", [text])


def moments(times: Iterable[datetime]) -> list[str]:
    """Times as the columns hold them, for rows of more than one statement."""
    adapt = connection.ops.adapt_datetimefield_value
    return [str(adapt(time)) for time in times]


def _among(ids: Iterable[str]) -> list[str] | str:
    """Ids, as `_AMONG` takes them."""
    found = sorted(ids)
    return found if connection.vendor == "postgresql" else json.dumps(found)


def _json(rows: Iterable[Row]) -> str:
    def as_stored(time: datetime) -> str:
        return moments([time])[0]

    return json.dumps(list(rows), ensure_ascii=False, separators=(",", ":"), default=as_stored)


def _insert(table: Table) -> str:
    return _INSERT[connection.vendor](table)


@cache
def _insert_on_postgresql(table: Table) -> str:
    columns = ", ".join(table.columns)
    typed = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
    return (
        f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM json_to_recordset(%s) AS given({typed})"
    )


@cache
def _insert_on_sqlite(table: Table) -> str:
    columns = ", ".join(table.columns)
    read = ", ".join(f"json_extract(value, '$.{name}')" for name in table.columns)
    # WHERE true, because SQLite would take the ON of ON CONFLICT for that of a join.
    return f"INSERT INTO {table.name} ({columns}) SELECT {read} FROM json_each(%s) WHERE true"


_INSERT = {"postgresql": _insert_on_postgresql, "sqlite": _insert_on_sqlite}


@cache
def _adding(table: Table, vendor: str) -> str:
    sums = ", ".join(f"{name} = {_sum(table, name, vendor)}" for name in table.others)
    return f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {sums}"


def _sum(table: Table, column: str, vendor: str) -> str:
    stored, given = f"{table.name}.{column}", f"excluded.{column}"
    if vendor == "sqlite" and column == "sketch":
        return f"sketch_add({stored}, {given})"
    return f"{stored} + {given}"
