"""Database triggers that notice every change of the catalogue, whoever makes it.

Raw SQL, `loaddata`, `update()` and a colleague's psql session go around the services. So that caches, locks
and quotes stay true all the same, the database itself, in the writer's transaction,

- moves the catalogue revision and stamps each changed row with it,
- moves `version_number` and `updated_at` of a changed model,
- moves `priced_at` when a column changes that prices are made of.

They are installed after each `migrate`, not in a migration: SQLite drops a table's triggers whenever a
later migration rebuilds the table. A trigger's name carries a hash of its text, so a second run finds
nothing to do.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class TrackedTable:
    """A table whose changes count as catalogue changes.

    `stamp_kind` and `stamp_column` say what is stamped: a rate's change is a change of its model.
    `price_columns` are those that move `priced_at`; `is_versioned` tables also have `version_number` and
    `updated_at`.
    """

    name: str
    stamp_kind: str
    stamp_column: str = "id"
    price_columns: tuple[str, ...] = ()
    is_versioned: bool = False


CATALOGUE_TABLES = (
    TrackedTable("models", "models", price_columns=("cost_per_second",), is_versioned=True),
    TrackedTable("quality_tiers", "quality_tiers", price_columns=("cost_multiplier",)),
)


def install(connection: BaseDatabaseWrapper, tables: Iterable[TrackedTable]) -> None:
    """Bring the triggers on `tables` up to date; the tables have to exist."""
    tables = list(tables)
    with connection.cursor() as cursor:
        wanted = {name: sql for table in tables for name, sql in _triggers(connection.vendor, table)}
        standing = _standing(connection, [table.name for table in tables])
        for name in sorted(standing.keys() - wanted.keys()):
            cursor.execute(_drop(connection.vendor, name, standing[name]))
        for name, sql in wanted.items():
            if name not in standing:
                cursor.execute(sql)


def missing(connection: BaseDatabaseWrapper, tables: Iterable[TrackedTable]) -> set[str]:
    """The names of the triggers that ought to stand on `tables` and do not."""
    tables = list(tables)
    wanted = {name for table in tables for name, _ in _triggers(connection.vendor, table)}
    return wanted - _standing(connection, [table.name for table in tables]).keys()


def _standing(connection: BaseDatabaseWrapper, tables: list[str]) -> dict[str, str]:
    """Our triggers in the database: name → table."""
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE NOT tgisinternal AND pg_table_is_visible(pg_class.oid)"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {
            name: table
            for name, table in cursor.fetchall()
            if table in tables and name.startswith("catalogue_")
        }


def _drop(vendor: str, name: str, table: str) -> str:
    if vendor == "sqlite":
        return f"DROP TRIGGER {name}"
    return f"DROP FUNCTION {name}() CASCADE"  # takes the trigger of the same name along


def _triggers(vendor: str, table: TrackedTable) -> Iterator[tuple[str, str]]:
    """(name, SQL) of every trigger on `table`."""
    make = _sqlite_triggers if vendor == "sqlite" else _postgresql_triggers
    for event, template in make(table):
        digest = hashlib.sha256(template.encode()).hexdigest()[:8]
        name = f"catalogue_{table.name}_{event}_{digest}"
        yield name, template.replace("@name@", name)


def _differs(columns: Iterable[str], distinct: str) -> str:
    return " OR ".join(f"NEW.{column} {distinct} OLD.{column}" for column in columns)


# --- SQLite ----------------------------------------------------------------------------------------------
# Row triggers. They don't fire themselves again: SQLite's recursive_triggers is off, and each has its WHEN.

SQLITE_BUMP = """
    INSERT INTO catalogue_revision (id, epoch, revision) VALUES (1, lower(hex(randomblob(16))), 1)
        ON CONFLICT (id) DO UPDATE SET revision = revision + 1;"""

SQLITE_STAMP = """
    INSERT INTO catalogue_stamps (kind, row_id, revision)
        SELECT '{kind}', {row}.{column}, revision FROM catalogue_revision WHERE true
        ON CONFLICT (kind, row_id) DO UPDATE SET revision = excluded.revision;"""

SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"

# As moments, not as texts: Django writes a moment back with more digits than the line above.
SQLITE_SAME_DATE = "julianday(NEW.priced_at) IS julianday(OLD.priced_at)"


def _sqlite_triggers(table: TrackedTable) -> Iterator[tuple[str, str]]:
    for event, rows in {"insert": ["NEW"], "update": ["OLD", "NEW"], "delete": ["OLD"]}.items():
        stamps = "".join(
            SQLITE_STAMP.format(kind=table.stamp_kind, row=row, column=table.stamp_column) for row in rows
        )
        yield (
            event,
            f"CREATE TRIGGER @name@ AFTER {event.upper()} ON {table.name} BEGIN{SQLITE_BUMP}{stamps}\nEND",
        )
    if table.price_columns:
        yield (
            "price",
            _sqlite_touch(
                table,
                when=f"{SQLITE_SAME_DATE} AND ({_differs(table.price_columns, 'IS NOT')})",
                change=f"priced_at = {SQLITE_NOW}",
            ),
        )
    if table.is_versioned:
        yield (
            "version",
            _sqlite_touch(
                table,
                when=f"NEW.version_number IS OLD.version_number AND {SQLITE_SAME_DATE}",
                change=f"version_number = OLD.version_number + 1, updated_at = {SQLITE_NOW}",
            ),
        )


def _sqlite_touch(table: TrackedTable, *, when: str, change: str) -> str:
    return (
        f"CREATE TRIGGER @name@ AFTER UPDATE ON {table.name} WHEN {when} BEGIN\n"
        f"    UPDATE {table.name} SET {change} WHERE id = NEW.id;\nEND"
    )


# --- PostgreSQL ------------------------------------------------------------------------------------------
# Statement triggers over transition tables: one bump a statement, none when no row changed.

POSTGRESQL_STAMP = """
CREATE OR REPLACE FUNCTION @name@() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    IF NOT EXISTS ({rows}) THEN
        RETURN NULL;
    END IF;
    INSERT INTO catalogue_revision AS kept (id, epoch, revision)
        VALUES (1, replace(gen_random_uuid()::text, '-', ''), 1)
        ON CONFLICT (id) DO UPDATE SET revision = kept.revision + 1
        RETURNING revision INTO moved;
    INSERT INTO catalogue_stamps (kind, row_id, revision)
        SELECT '{kind}', row_id, moved FROM ({rows}) AS changed_rows GROUP BY row_id ORDER BY row_id
        ON CONFLICT (kind, row_id) DO UPDATE SET revision = excluded.revision;
    RETURN NULL;
END $$;
CREATE TRIGGER @name@ AFTER {event} ON {table} {tables}
    FOR EACH STATEMENT EXECUTE FUNCTION @name@()"""

POSTGRESQL_TOUCH = """
CREATE OR REPLACE FUNCTION @name@() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {statements}
    RETURN NEW;
END $$;
CREATE TRIGGER @name@ BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION @name@()"""

# Deleted rows are in `gone`, inserted ones in `come`, updated ones in both.
POSTGRESQL_TRANSITIONS = {
    "insert": {"come": "NEW"},
    "update": {"gone": "OLD", "come": "NEW"},
    "delete": {"gone": "OLD"},
}


def _postgresql_triggers(table: TrackedTable) -> Iterator[tuple[str, str]]:
    stamp: dict[str, Any] = {"kind": table.stamp_kind, "table": table.name}
    for event, transitions in POSTGRESQL_TRANSITIONS.items():
        rows = " UNION ALL ".join(
            f"SELECT {table.stamp_column} AS row_id FROM {name}" for name in transitions
        )
        tables = "REFERENCING " + " ".join(f"{kind} TABLE AS {name}" for name, kind in transitions.items())
        yield event, POSTGRESQL_STAMP.format(**stamp, rows=rows, event=event.upper(), tables=tables)
    # After TRUNCATE nobody can say which rows there were: row 0 stands for all of them.
    yield (
        "truncate",
        POSTGRESQL_STAMP.format(**stamp, rows="SELECT 0 AS row_id", event="TRUNCATE", tables=""),
    )
    touches = list(_postgresql_touches(table))
    if touches:
        yield "touch", POSTGRESQL_TOUCH.format(table=table.name, statements="\n    ".join(touches))


def _postgresql_touches(table: TrackedTable) -> Iterator[str]:
    if table.is_versioned:
        yield (
            "IF NEW.version_number = OLD.version_number AND NEW.priced_at = OLD.priced_at THEN "
            "NEW.version_number := OLD.version_number + 1; NEW.updated_at := clock_timestamp(); END IF;"
        )
    if table.price_columns:
        changed = _differs(table.price_columns, "IS DISTINCT FROM")
        yield (
            f"IF NEW.priced_at = OLD.priced_at AND ({changed}) THEN "
            "NEW.priced_at := clock_timestamp(); END IF;"
        )
