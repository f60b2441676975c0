"""Database triggers that notice every change of the catalogue, whoever makes it.

Raw SQL, `loaddata`, `update()` and a colleague's psql session go around the services. So that caches, locks
and quotes stay true all the same, the database itself, in the writer's transaction,

- moves the catalogue revision and stamps each changed row with it,
- moves `version_number` and `updated_at` of a changed model, never back,
- moves `priced_at` when what a price is made of changes, or goes,
- refuses lists that no reader could read: a duration that is no number of seconds, a tag that is no text.

They are installed after each `migrate`, not in a migration: SQLite drops a table's triggers whenever a
later migration rebuilds the table. A trigger's name carries a hash of its text, so a second run finds
nothing to do.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from models_registry.choices import LONGEST_DURATION, SHORTEST_DURATION

# The database's own columns: a change of nothing but these is no change of the row.
BOOKKEEPING = ("priced_at", "updated_at", "version_number")


@dataclass(frozen=True)
class TrackedTable:
    """A table whose changes count as catalogue changes.

    `stamp_kind` and `stamp_column` say what is stamped: a rate's change is a change of its model.
    `price_columns` are those that move `priced_at`; `is_versioned` tables also have `version_number` and
    `updated_at`. `durations` and `texts` are columns of JSON lists, of seconds and of texts. When a row goes
    that `prices` a row of another table, as (table, column that points there), that one's price dates anew.
    """

    name: str
    stamp_kind: str
    stamp_column: str = "id"
    price_columns: tuple[str, ...] = ()
    is_versioned: bool = False
    durations: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    prices: tuple[str, str] | None = None


CATALOGUE_TABLES = (
    TrackedTable(
        "models",
        "models",
        price_columns=("cost_per_second",),
        is_versioned=True,
        durations=("supported_durations",),
        texts=("supported_qualities", "tags"),
    ),
    TrackedTable("quality_tiers", "quality_tiers", price_columns=("cost_multiplier",)),
)


def install(connection: BaseDatabaseWrapper, tables: Iterable[TrackedTable]) -> None:
    """Bring the triggers on `tables` up to date; the tables have to exist."""
    wanted = _wanted(connection, tables)
    standing = _standing(connection, {table.name for table in tables})
    with connection.cursor() as cursor:
        for name in sorted(standing.keys() - wanted.keys()):
            cursor.execute(_drop(connection.vendor, name))
        for name, sql in wanted.items():
            if name not in standing:
                cursor.execute(sql)


def missing(connection: BaseDatabaseWrapper, tables: Iterable[TrackedTable]) -> set[str]:
    """The names of the triggers that ought to stand on `tables` and do not."""
    standing = _standing(connection, {table.name for table in tables})
    return _wanted(connection, tables).keys() - standing.keys()


def _standing(connection: BaseDatabaseWrapper, tables: set[str]) -> dict[str, str]:
    """Our triggers in the database: name → table."""
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE NOT tgisinternal AND pg_table_is_visible(pg_class.oid)"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = [(name, table) for name, table in cursor.fetchall() if table in tables]
    return {name: table for name, table in found if name.startswith("catalogue_")}


def _drop(vendor: str, name: str) -> str:
    if vendor == "sqlite":
        return f"DROP TRIGGER {name}"
    return f"DROP FUNCTION {name}() CASCADE"  # takes the trigger of the same name along


def _wanted(connection: BaseDatabaseWrapper, tables: Iterable[TrackedTable]) -> dict[str, str]:
    """The SQL of every trigger that ought to stand on `tables`, by its name."""
    wanted = {}
    for table in tables:
        make = _sqlite_triggers if connection.vendor == "sqlite" else _postgresql_triggers
        for event, template in make(table, _columns(connection, table)):
            digest = hashlib.sha256(template.encode()).hexdigest()[:8]
            name = f"catalogue_{table.name}_{event}_{digest}"
            wanted[name] = template.replace("@name@", name)
    return wanted


def _columns(connection: BaseDatabaseWrapper, table: TrackedTable) -> list[str]:
    """The columns of `table` whose change is a change of the row."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table.name)
    return [column.name for column in found if column.name not in BOOKKEEPING]


def _differs(columns: Iterable[str], distinct: str) -> str:
    return " OR ".join(f"NEW.{column} {distinct} OLD.{column}" for column in columns)


SECONDS = f"BETWEEN {SHORTEST_DURATION} AND {LONGEST_DURATION}"


def _refusal(column: str, kind: str) -> str:
    return f"{column} is a list of {kind}"


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

SQLITE_GUARD = """
    SELECT RAISE(ABORT, '{refusal}') FROM json_each(NEW.{column}) WHERE NOT ({holds});"""


def _sqlite_triggers(table: TrackedTable, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    for event, rows in {"insert": ["NEW"], "update": ["OLD", "NEW"], "delete": ["OLD"]}.items():
        stamps = "".join(
            SQLITE_STAMP.format(kind=table.stamp_kind, row=row, column=table.stamp_column) for row in rows
        )
        yield event, _sqlite(f"AFTER {event.upper()} ON {table.name}", f"{SQLITE_BUMP}{stamps}")
    if table.price_columns:
        when = f"{SQLITE_SAME_DATE} AND ({_differs(table.price_columns, 'IS NOT')})"
        change = f"UPDATE {table.name} SET priced_at = {SQLITE_NOW} WHERE id = NEW.id;"
        yield "price", _sqlite(f"AFTER UPDATE ON {table.name} WHEN {when}", f"\n    {change}")
    if table.is_versioned:
        change = (
            f"UPDATE {table.name} SET version_number = max(OLD.version_number, NEW.version_number) + 1, "
            f"updated_at = {SQLITE_NOW} WHERE id = NEW.id;"
        )
        when = _differs(columns, "IS NOT")
        yield "version", _sqlite(f"AFTER UPDATE ON {table.name} WHEN {when}", f"\n    {change}")
    if table.prices:
        owner, column = table.prices
        change = f"UPDATE {owner} SET priced_at = {SQLITE_NOW} WHERE id = OLD.{column};"
        yield "gone", _sqlite(f"AFTER DELETE ON {table.name}", f"\n    {change}")
    guards = "".join(_sqlite_guards(table))
    for event in ("insert", "update") if guards else ():
        yield f"guard_{event}", _sqlite(f"BEFORE {event.upper()} ON {table.name}", guards)


def _sqlite(occasion: str, statements: str) -> str:
    return f"CREATE TRIGGER @name@ {occasion} BEGIN{statements}\nEND"


def _sqlite_guards(table: TrackedTable) -> Iterator[str]:
    for column in table.durations:
        holds, refusal = f"type = 'integer' AND value {SECONDS}", _refusal(column, "whole seconds")
        yield SQLITE_GUARD.format(column=column, holds=holds, refusal=refusal)
    for column in table.texts:
        yield SQLITE_GUARD.format(column=column, holds="type = 'text'", refusal=_refusal(column, "texts"))


# --- PostgreSQL ------------------------------------------------------------------------------------------
# Statement triggers over transition tables: one bump a statement, none when no row changed.

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION @name@() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN{statements}
END $$;
CREATE TRIGGER @name@ {occasion} EXECUTE FUNCTION @name@()"""

POSTGRESQL_STAMP = """
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
    RETURN NULL;"""

POSTGRESQL_VERSION = """
    IF {differs} THEN
        NEW.version_number := greatest(OLD.version_number, NEW.version_number) + 1;
        NEW.updated_at := clock_timestamp();
    END IF;"""

POSTGRESQL_PRICE = """
    IF NEW.priced_at = OLD.priced_at AND ({differs}) THEN
        NEW.priced_at := clock_timestamp();
    END IF;"""

# The number is compared as text first: a WHERE may be worked through in any order.
POSTGRESQL_GUARD = """
    IF EXISTS (SELECT 1 FROM jsonb_array_elements(
            CASE jsonb_typeof(NEW.{column}) WHEN 'array' THEN NEW.{column} ELSE '[]' END
        ) AS item WHERE NOT ({holds})) THEN
        RAISE EXCEPTION '{refusal}' USING ERRCODE = 'check_violation';
    END IF;"""

POSTGRESQL_SECONDS = f"CASE WHEN item::text ~ '^[0-9]{{1,4}}$' THEN item::text::int {SECONDS} ELSE false END"

# Deleted rows are in `gone`, inserted ones in `come`, updated ones in both.
POSTGRESQL_TRANSITIONS = {
    "insert": {"come": "NEW"},
    "update": {"gone": "OLD", "come": "NEW"},
    "delete": {"gone": "OLD"},
}


def _postgresql_triggers(table: TrackedTable, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    for event, transitions in POSTGRESQL_TRANSITIONS.items():
        rows = " UNION ALL ".join(
            f"SELECT {table.stamp_column} AS row_id FROM {name}" for name in transitions
        )
        tables = "REFERENCING " + " ".join(f"{kind} TABLE AS {name}" for name, kind in transitions.items())
        yield event, _postgresql_stamp(table, rows, f"{event.upper()} ON {table.name} {tables}")
    # After TRUNCATE nobody can say which rows there were: row 0 stands for all of them.
    yield "truncate", _postgresql_stamp(table, "SELECT 0 AS row_id", f"TRUNCATE ON {table.name}")
    touches = "".join(_postgresql_touches(table, columns))
    if touches:
        yield "touch", _postgresql_row(f"BEFORE UPDATE ON {table.name}", touches)
    if table.prices:
        owner, column = table.prices
        change = f"UPDATE {owner} SET priced_at = clock_timestamp() WHERE id = OLD.{column};"
        yield "gone", _postgresql_row(f"AFTER DELETE ON {table.name}", f"\n    {change}")
    guards = "".join(_postgresql_guards(table))
    if guards:
        yield "guard", _postgresql_row(f"BEFORE INSERT OR UPDATE ON {table.name}", guards)


def _postgresql_stamp(table: TrackedTable, rows: str, occasion: str) -> str:
    return POSTGRESQL_FUNCTION.format(
        statements=POSTGRESQL_STAMP.format(kind=table.stamp_kind, rows=rows),
        occasion=f"AFTER {occasion} FOR EACH STATEMENT",
    )


def _postgresql_row(occasion: str, statements: str) -> str:
    return POSTGRESQL_FUNCTION.format(
        statements=f"{statements}\n    RETURN NEW;", occasion=f"{occasion} FOR EACH ROW"
    )


def _postgresql_touches(table: TrackedTable, columns: Sequence[str]) -> Iterator[str]:
    if table.is_versioned:
        yield POSTGRESQL_VERSION.format(differs=_differs(columns, "IS DISTINCT FROM"))
    if table.price_columns:
        yield POSTGRESQL_PRICE.format(differs=_differs(table.price_columns, "IS DISTINCT FROM"))


def _postgresql_guards(table: TrackedTable) -> Iterator[str]:
    for column in table.durations:
        refusal = _refusal(column, "whole seconds")
        yield POSTGRESQL_GUARD.format(column=column, holds=POSTGRESQL_SECONDS, refusal=refusal)
    for column in table.texts:
        holds = "jsonb_typeof(item) = 'string'"
        yield POSTGRESQL_GUARD.format(column=column, holds=holds, refusal=_refusal(column, "texts"))
