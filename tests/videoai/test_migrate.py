"""`migrate` on a PostgreSQL that others use: it steps back, takes turns, and says for whom it waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from models_registry.triggers import columns_of
from videoai.management import migration_turns
from videoai.management.commands import migrate

EARLIER = ("pricing", "0005_price_versions")  # a step back drops a column of `upstream_models`

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql, pytest.mark.migrates]


@pytest.fixture(autouse=True)
def impatient(settings, monkeypatch):
    settings.MIGRATION_LOCK_TIMEOUT_SECONDS = 1
    monkeypatch.setattr(migrate, "PAUSE", 0.01)
    monkeypatch.setattr(migrate, "TRIES", 2)
    yield
    call_command("migrate", verbosity=0)


@contextmanager
def somebody(statement: str) -> Iterator[tuple["psycopg.Connection", int]]:
    """In a transaction that has begun with `statement`; and the process that serves it."""
    told = connection.get_connection_params()
    address = {name: told[name] for name in ("host", "port", "user", "password", "dbname") if told.get(name)}
    with psycopg.connect(**address, application_name="report") as other:
        other.execute(statement)
        yield other, other.info.backend_pid


class Listening(StringIO):
    """A stream that does something once all of these words have been told."""

    def __init__(self, *words: str, then: Callable[[], None]) -> None:
        super().__init__()
        self._words, self._then = words, then

    def write(self, text: str) -> int:
        written = super().write(text)
        if all(word in self.getvalue() for word in self._words):
            self._then()
        return written


def run(*arguments: str, told: StringIO | None = None, **options: object) -> str:
    """What is told on stderr."""
    told = told or StringIO()
    call_command("migrate", *arguments, verbosity=0, stderr=told, no_color=True, **options)
    return told.getvalue()


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return cursor.fetchone()[0]


@pytest.mark.slow
def test_it_steps_back_says_who_holds_the_table_and_comes_through_when_it_is_let_go(monkeypatch):
    monkeypatch.setattr(migrate, "TRIES", 30)
    with somebody("SELECT * FROM upstream_models") as (other, pid):
        told = run(*EARLIER, told=Listening("is held by", "Stepped back", then=other.commit))

    assert f"upstream_models is held by process {pid}" in told
    assert "report: idle in transaction" in told
    assert "Stepped back after 1 s" in told
    assert "follows" not in columns_of(connection, "upstream_models")


@pytest.mark.slow
def test_it_gives_up_with_the_holders_name_and_nothing_half_done():
    before = setting("lock_timeout")
    with somebody("SELECT * FROM upstream_models") as (other, pid):
        refused = rf"2 tries of 1 s: upstream_models is held by process {pid} "
        with pytest.raises(CommandError, match=refused):
            run(*EARLIER)

        assert "follows" in columns_of(connection, "upstream_models")
    assert setting("lock_timeout") == before
    with somebody("SELECT 1") as (other, _):
        held = other.execute("SELECT pg_try_advisory_lock(%s)", [migration_turns.TURN]).fetchone()
    assert held == (True,)


def test_two_take_turns():
    with somebody(f"SELECT pg_advisory_lock({migration_turns.TURN})") as (other, pid):
        told = run(told=Listening("Another migrate", then=other.close))

    assert told.startswith(f"Another migrate is at work in this database (process {pid} of ")


def test_who_only_looks_waits_for_nobody():
    with somebody(f"SELECT pg_advisory_lock({migration_turns.TURN})"):
        assert run(plan=True, stdout=StringIO()) == ""
        assert run(check_unapplied=True) == ""


def test_a_statement_may_take_as_long_as_it_needs(monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '7s'")
    seen = []
    monkeypatch.setattr(
        migrate.migrate.Command,
        "handle",
        lambda *_, **__: seen.extend([setting("statement_timeout"), setting("lock_timeout")]),
    )

    run()

    assert (seen, setting("statement_timeout")) == (["0", "1s"], "7s")


def test_another_error_is_no_reason_to_try_again(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(migrate.migrate.Command, "handle", fail)

    with pytest.raises(CommandError, match="does not answer"):
        run()
    connection.close()
    monkeypatch.undo()
