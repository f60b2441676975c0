"""All the way back and forth again: what a migration makes, it takes away, on either database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

OWN = "walked"
IN_PUBLIC = "{}namespace = 'public'::regnamespace".format

SCHEMA = {
    "sqlite": ["SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"],
    "postgresql": [
        "SELECT row(c) FROM information_schema.columns AS c WHERE table_schema = 'public'",
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        f"SELECT relname, reloptions, pg_get_expr(relpartbound, oid) FROM pg_class WHERE {IN_PUBLIC('rel')}",
        f"SELECT convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE {IN_PUBLIC('con')}",
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        f"SELECT proname, prosrc FROM pg_proc WHERE {IN_PUBLIC('pro')}",
    ],
}
# But functions of triggers: they outlive their table, do nothing without it, and are replaced with it.
LEFT = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
    f"UNION SELECT proname FROM pg_proc WHERE {IN_PUBLIC('pro')} AND prorettype <> 'trigger'::regtype",
}

pytestmark = [pytest.mark.slow, pytest.mark.migrates]


@pytest.fixture
def database(django_db_blocker: Any, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """The alias of an empty database of its own."""
    name = f"test_{OWN}_{worker_id}" if connection.vendor == "postgresql" else str(tmp_path / OWN)
    with django_db_blocker.unblock(), made(name):
        connections.settings[OWN] = {**connections.settings["default"], "NAME": name}
        yield OWN
        connections[OWN].close()
        del connections[OWN], connections.settings[OWN]


@contextmanager
def made(name: str) -> Iterator[None]:
    """A database of that name for the time being, where it takes more than to write into a file."""
    if connection.vendor == "sqlite":
        yield
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name}")
        yield
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def sql(alias: str, statement: str) -> list[tuple[Any, ...]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def migrate(database: str, *arguments: str) -> None:
    call_command("migrate", *arguments, database=database, verbosity=0)


def schema(database: str) -> list[Any]:
    return [sorted(map(repr, sql(database, query))) for query in SCHEMA[connection.vendor]]


def test_every_app_goes_back_to_nothing_and_comes_again(database: str) -> None:
    migrate(database)
    before = schema(database)

    for label in [config.label for config in apps.get_app_configs()]:
        if label in MigrationLoader(connections[database]).migrated_apps:
            migrate(database, label, "zero")
    assert sql(database, LEFT[connection.vendor]) == [("django_migrations",)]

    migrate(database)
    assert schema(database) == before
