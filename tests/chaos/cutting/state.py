"""All that stands in the database, to be compared, and to be put back."""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

PREPARED_FROM, NEW_FROM = 1_000_000, 2_000_000  # where keys begin, so that they tell what is new

# What is different each time, and by what it stands in the comparison.
VOLATILE = (
    (re.compile(r"\b2\d{6}\b"), "<new>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{16,64}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<hex>"),
    (re.compile(r"\bq_[\w-]{32}"), "<quote>"),
    (re.compile(r'"(session_data|session_key|prefix|password|last_used_at)":("[^"]*"|null)'), "<apart>"),
)
# Tokens are known by their prefix, of which names of rows and what is told of them are made.
PREFIX = re.compile(r'\([a-z0-9]{12}\)|\\"prefix\\":\\"[a-z0-9]{12}')

State = dict[str, list[str]]  # by table, each row in JSON


class Table(NamedTuple):
    name: str
    columns: tuple[str, ...]  # that can be written


class Database:
    """One database, through a connection of its own, which triggers and foreign keys leave alone.

    What is kept of it stands in schemas beside it.
    """

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection
        self._tables = self._found()

    def state(self) -> State:
        each = (
            sql.SQL("SELECT {}, row_to_json(t)::text FROM {} AS t").format(
                sql.Literal(table.name), sql.Identifier("public", table.name)
            )
            for table in self._tables
        )
        found: State = {}
        for name, row in self._connection.execute(sql.SQL(" UNION ALL ").join(each)):
            found.setdefault(name, []).append(row)
        return found

    def keep(self, schema: str) -> None:
        """Remember all that stands, for `put_back`."""
        self.forget(schema)
        self._run("CREATE SCHEMA {}", sql.Identifier(schema))
        for table in self._tables:
            copy = "CREATE TABLE {} AS TABLE {}"
            self._run(copy, sql.Identifier(schema, table.name), sql.Identifier("public", table.name))

    def put_back(self, schema: str, *, keys_from: int, only: Collection[str] | None = None) -> None:
        """Make all tables what they were, or those that are named."""
        with self._connection.transaction():
            self._connection.execute("SET LOCAL session_replication_role = replica")
            for table in [table for table in self._tables if only is None or table.name in only]:
                there, kept = sql.Identifier("public", table.name), sql.Identifier(schema, table.name)
                columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
                self._run("DELETE FROM {}", there)
                self._run("INSERT INTO {} ({}) SELECT {} FROM {}", there, columns, columns, kept)
        self._connection.execute(
            f"SELECT setval(oid::regclass, {keys_from}) FROM pg_class "
            "WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
        )

    def forget(self, schema: str) -> None:
        self._run("DROP SCHEMA IF EXISTS {} CASCADE", sql.Identifier(schema))

    def _found(self) -> list[Table]:
        """Those with rows of their own: not the parts of others."""
        rows = self._connection.execute(
            "SELECT c.relname, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a "
            "ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' "
            "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
            "AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname ORDER BY c.relname"
        )
        return [Table(name, tuple(columns)) for name, columns in rows]

    def _run(self, statement: Any, *parts: sql.Composable) -> None:
        self._connection.execute(sql.SQL(statement).format(*parts))


def without_volatile(row: str) -> str:
    for pattern, instead in VOLATILE:
        row = pattern.sub(instead, row)
    return PREFIX.sub("<prefix>", row)


def differing(one: State, other: State, *, but: frozenset[str] = frozenset()) -> list[str]:
    """The tables that do not hold the same in both, whatever is different each time."""
    suspect = changed(one, other) - but
    return sorted(name for name in suspect if _compared(one, name) != _compared(other, name))


def changed(one: State, other: State) -> set[str]:
    """The tables that do not hold the very same in both."""
    names = one.keys() | other.keys()
    return {name for name in names if sorted(one.get(name, [])) != sorted(other.get(name, []))}


def _compared(state: State, name: str) -> list[str]:
    return sorted(map(without_volatile, state.get(name, [])))
