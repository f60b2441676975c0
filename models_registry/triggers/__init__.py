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
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from models_registry.triggers import postgresql, sqlite
from models_registry.triggers.tracked import BOOKKEEPING, TrackedTable

__all__ = [
    "CATALOGUE_TABLES",
    "TrackedTable",
    "bring_up_to_date",
    "columns_of",
    "disabled",
    "install",
    "missing",
    "named",
]

PREFIX = "catalogue"

CATALOGUE_TABLES = (
    TrackedTable(
        "models",
        "models",
        price_columns=("cost_per_second",),
        is_versioned=True,
        durations=("supported_durations",),
        texts=("supported_qualities", "tags"),
    ),
    TrackedTable("quality_tiers", "quality_tiers", price_columns=("cost_multiplier", "megapixels")),
)


def install(connection: BaseDatabaseWrapper, tables: Iterable[TrackedTable]) -> None:
    """Bring the triggers on `tables` up to date; those that stand at an earlier migration are left alone."""
    tables = [table for table in tables if table.columns <= columns_of(connection, table.name)]
    bring_up_to_date(connection, PREFIX, tables={t.name for t in tables}, wanted=_wanted(connection, tables))


def bring_up_to_date(
    connection: BaseDatabaseWrapper, prefix: str, *, tables: set[str], wanted: Mapping[str, str]
) -> None:
    """Let just the triggers `wanted` (name → SQL) of those that begin with `prefix` stand on `tables`.

    The old ones make way for the new ones in one step: a write between them would go unnoticed.
    """
    standing = standing_on(connection, prefix, tables=tables)
    if standing == wanted.keys():
        return
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for name in sorted(standing - wanted.keys()):
            cursor.execute(_drop(connection.vendor, name))
        for name, sql in wanted.items():
            if name not in standing:
                cursor.execute(sql)


def missing(connection: BaseDatabaseWrapper, tables: Iterable[TrackedTable]) -> set[str]:
    """The names of the triggers that ought to stand on `tables` and do not."""
    standing = standing_on(connection, PREFIX, tables={table.name for table in tables})
    return _wanted(connection, tables).keys() - standing


def disabled(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of the triggers that stand and do nothing; on SQLite there can't be any."""
    if connection.vendor == "sqlite":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgenabled NOT IN ('O', 'A') AND pg_table_is_visible(pg_class.oid)"
        )
        return {name for (name,) in cursor.fetchall()}


def standing_on(connection: BaseDatabaseWrapper, prefix: str, *, tables: set[str]) -> set[str]:
    """The names of the triggers on `tables` that begin with `prefix`."""
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE NOT tgisinternal AND pg_table_is_visible(pg_class.oid)"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = [name for name, table in cursor.fetchall() if table in tables]
    return {name for name in found if name.startswith(f"{prefix}_")}


def named(prefix: str, table: str, templates: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The SQL of triggers on `table`, given as (event, template), by names that tell of their text."""
    texts = {}
    for event, template in templates:
        digest = hashlib.sha256(template.encode()).hexdigest()[:8]
        name = f"{prefix}_{table}_{event}_{digest}"
        texts[name] = template.replace("@name@", name)
    return texts


def _drop(vendor: str, name: str) -> str:
    if vendor == "sqlite":
        return f"DROP TRIGGER {name}"
    return f"DROP FUNCTION {name}() CASCADE"  # takes the trigger of the same name along


def _wanted(connection: BaseDatabaseWrapper, tables: Iterable[TrackedTable]) -> dict[str, str]:
    """The SQL of every trigger that ought to stand on `tables`, by its name."""
    wanted = {}
    for table in tables:
        make = sqlite.triggers if connection.vendor == "sqlite" else postgresql.triggers
        wanted.update(named(PREFIX, table.name, make(table, _columns(connection, table))))
    return wanted


def columns_of(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    """The columns that the table of this name has by now; none if it is not there."""
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return set()
        found = connection.introspection.get_table_description(cursor, table)
    return {column.name for column in found}


def _columns(connection: BaseDatabaseWrapper, table: TrackedTable) -> list[str]:
    """The columns of `table` whose change is a change of the row."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table.name)
    return [column.name for column in found if column.name not in BOOKKEEPING]
