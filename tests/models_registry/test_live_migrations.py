"""Indexes and constraints for tables with rows in them: built beside writers, begun again when cut off."""

import threading
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, NotSupportedError, connection, migrations, models
from django.db.migrations.state import ProjectState

from models_registry.live_migrations import AddConstraintConcurrently, AddIndexConcurrently

pytestmark = pytest.mark.django_db(transaction=True)

INDEX = models.Index(fields=["size"], name="boxes_by_size")
CHECK = models.CheckConstraint(condition=models.Q(size__gte=0), name="boxes_size")
UNIQUE = models.UniqueConstraint(fields=["size"], name="boxes_one_a_size")
FEW_UNIQUE = models.UniqueConstraint(
    fields=["size"], condition=models.Q(size__gt=5), name="boxes_one_a_big_size"
)


@pytest.fixture
def before():
    """A table `boxes` with three rows."""
    state = ProjectState()
    fields = [("id", models.BigAutoField(primary_key=True)), ("size", models.IntegerField())]
    migrations.CreateModel("Box", fields, options={"db_table": "boxes"}).state_forwards("usage", state)
    with connection.schema_editor() as editor:
        editor.create_model(state.apps.get_model("usage", "Box"))
    execute("INSERT INTO boxes (size) VALUES (1), (2), (3)")
    yield state
    execute("DROP TABLE boxes")


@pytest.fixture
def before_in_parts(before):
    execute(
        "DROP TABLE boxes; CREATE TABLE boxes (id bigint, size integer NOT NULL) PARTITION BY RANGE (size);"
        "CREATE TABLE boxes_small PARTITION OF boxes FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE boxes_rest PARTITION OF boxes DEFAULT;"
        "INSERT INTO boxes VALUES (1, 5), (2, 50)"
    )
    return before


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def ask(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def forwards(operation: Any, before: ProjectState, *, atomic: bool = False) -> ProjectState:
    after = before.clone()
    operation.state_forwards("usage", after)
    with connection.schema_editor(atomic=atomic) as editor:
        operation.database_forwards("usage", editor, before, after)
    return after


def standing() -> set[str]:
    with connection.cursor() as cursor:
        return {
            name for name in connection.introspection.get_constraints(cursor, "boxes") if "boxes_" in name
        }


OPERATIONS = [
    AddIndexConcurrently("Box", INDEX),
    *(AddConstraintConcurrently("Box", constraint) for constraint in (CHECK, UNIQUE, FEW_UNIQUE)),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=["index", "check", "unique", "partly unique"])
def test_it_stands_after_one_run_or_two_and_goes_again(operation, before):
    at_first = standing()

    forwards(operation, before)
    after = forwards(operation, before)

    (name,) = standing() - at_first
    assert name in {INDEX.name, CHECK.name, UNIQUE.name, FEW_UNIQUE.name}
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("usage", editor, after, before)
    assert standing() == at_first


def test_a_check_holds_for_what_comes(before):
    forwards(AddConstraintConcurrently("Box", CHECK), before)

    with pytest.raises(IntegrityError):
        execute("INSERT INTO boxes (size) VALUES (-1)")


def test_rows_that_break_a_check_are_told_and_it_is_looked_up_again_when_they_are_mended(before):
    execute("INSERT INTO boxes (size) VALUES (-1)")
    with pytest.raises(IntegrityError):
        forwards(AddConstraintConcurrently("Box", CHECK), before)
    if connection.vendor == "postgresql":  # where it holds for new rows already
        assert ask(f"SELECT convalidated FROM pg_constraint WHERE conname = '{CHECK.name}'") == [False]
    execute("DELETE FROM boxes WHERE size < 0")

    forwards(AddConstraintConcurrently("Box", CHECK), before)

    assert CHECK.name in standing()
    if connection.vendor == "postgresql":
        assert ask(f"SELECT convalidated FROM pg_constraint WHERE conname = '{CHECK.name}'") == [True]


@pytest.mark.postgresql
def test_an_index_that_was_cut_off_is_built_anew(before):
    operation = AddConstraintConcurrently("Box", UNIQUE)
    execute("INSERT INTO boxes (size) VALUES (1)")
    with pytest.raises(IntegrityError):
        forwards(operation, before)
    assert ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'boxes_one_a_size'::regclass") == [False]
    execute("DELETE FROM boxes WHERE size = 1")

    forwards(operation, before)

    assert ask("SELECT contype FROM pg_constraint WHERE conname = 'boxes_one_a_size'") == ["u"]


@pytest.mark.postgresql
def test_each_part_of_a_table_has_the_index_even_if_it_was_cut_off_between_them(before_in_parts):
    operation = AddIndexConcurrently("Box", INDEX)
    execute("CREATE INDEX boxes_by_size ON ONLY boxes (size)")
    execute("CREATE INDEX boxes_by_size_small ON boxes_small (size)")
    execute("ALTER INDEX boxes_by_size ATTACH PARTITION boxes_by_size_small")

    after = forwards(operation, before_in_parts)

    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'boxes_by_size'::regclass"
    assert ask(valid) == [True]
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("usage", editor, after, before_in_parts)
    assert ask("SELECT relname FROM pg_class WHERE relname LIKE 'boxes_by%'") == []


@pytest.mark.postgresql
def test_others_write_while_it_waits_for_one_who_does_not_finish(before):
    """Who waits for this lock keeps nobody waiting, so it may wait longer than other migrations."""
    told = connection.get_connection_params()
    address = {name: told[name] for name in ("host", "port", "user", "password", "dbname") if told.get(name)}
    with psycopg.connect(**address) as idle, psycopg.connect(**address, autocommit=True) as busy:
        idle.execute("INSERT INTO boxes (size) VALUES (7)")
        written = []

        def write_and_let_go() -> None:
            busy.execute("INSERT INTO boxes (size) VALUES (8)")
            written.append(8)
            idle.commit()

        execute("SET lock_timeout = '200ms'")
        threading.Timer(0.6, write_and_let_go).start()
        forwards(AddIndexConcurrently("Box", INDEX), before)

    assert written == [8]
    assert ask("SHOW lock_timeout") == ["200ms"]
    execute("RESET lock_timeout")


@pytest.mark.postgresql
@pytest.mark.parametrize("operation", OPERATIONS, ids=["index", "check", "unique", "partly unique"])
def test_in_a_transaction_it_is_refused_with_the_way_out(operation, before):
    with pytest.raises(NotSupportedError, match="`atomic = False`"):
        forwards(operation, before, atomic=True)
