"""The command, as an operator meets it; and each check where something is wrong."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisGone

from models_registry import services
from models_registry.models import AIModel, QualityTier
from tests.factories import AIModelFactory, standard_policy
from videoai.backup import programs
from videoai.backup.errors import BackupRefused
from videoai.doctor import catalogue, configuration, counters, database, examination, machine, replicas
from videoai.doctor.arithmetic import wanted_connections
from videoai.doctor.finding import Check, Finding, Level, fine
from videoai.limits.caches import SharedCache
from videoai.writable import Refusal

pytestmark = pytest.mark.django_db


def levels(found: Iterator[Finding]) -> list[Level]:
    return [finding.level for finding in found]


def told(found: Iterator[Finding]) -> str:
    return "\n".join(f"{finding.level.mark} {finding.told} → {finding.remedy}" for finding in found)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("doctor", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def healthy(settings: Any) -> None:
    # The variable is of the tests alone: they need it wherever a browser ran before them.
    settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, "async.E001"]
    standard_policy()
    AIModelFactory(model_id="acme/first")
    settings.EDGE_STREAMS = 100


class TestCommand:
    def test_what_is_well_is_said_and_it_ends_well(self, healthy):
        said = run()

        assert "✓ migrations: all have run." in said
        assert "✓ triggers: all stand, and are enabled." in said
        assert "✓ catalogue: 1 models on sale, each with a price; the default is acme/first." in said
        assert "✓ audit trail: its heads hold: catalogue at " in said
        assert "! settings: HTTPS is off" in said
        assert "✗" not in said

    def test_doubts_fail_only_if_it_is_strict(self, healthy):
        with pytest.raises(CommandError, match=r"Not healthy: 0 wrong, \d+ doubtful"):
            run("--strict")

    def test_what_is_wrong_fails_and_says_what_to_do(self, healthy):
        QualityTier.objects.all()._raw_delete("default")
        out = StringIO()

        with pytest.raises(CommandError, match=r"Not healthy: 1 wrong"):
            call_command("doctor", stdout=out, stderr=StringIO())
        assert (
            "✗ catalogue: 1 model offers a quality that has no price: nobody can buy it (acme/first).\n"
            in (out.getvalue())
        )
        assert "    → Quality tiers: /admin/" in out.getvalue()

    def test_machines_get_the_same_as_json(self, healthy):
        answer = json.loads(run("--json"))

        assert answer["healthy"] is True
        assert {"subject": "migrations", "level": "fine", "told": "all have run", "remedy": ""} in (
            answer["findings"]
        )

    def test_a_check_that_fails_itself_is_a_finding_and_no_end(self):
        def fails() -> Iterator[Finding]:
            yield fine("one thing")
            raise ZeroDivisionError("division by zero")

        def refused() -> Iterator[Finding]:
            raise DatabaseError("no\n such table")
            yield fine("never")

        found = list(examination.examine([Check("sums", fails), Check("tables", refused)]))

        assert [one.finding.told for one in found] == [
            "one thing",
            "this check failed itself: ZeroDivisionError: division by zero",
            "the database refused: no such table",
        ]

    def test_while_the_database_is_silent_the_rest_is_looked_at(self, monkeypatch):
        def silent() -> None:
            raise OperationalError("connection refused")

        monkeypatch.setattr(connection, "ensure_connection", silent)
        found = list(examination.examine())

        subjects = {one.subject for one in found if one.finding.level is not Level.WRONG}
        assert {"settings", "Redis", "disk", "files"} <= subjects
        assert found[-1].finding.told.startswith("not looked at, as the database does not answer: database, ")
        assert not examination.is_healthy(found, strict=False)

    def test_while_migrations_wait_nothing_is_said_of_what_they_make(self, monkeypatch):
        for place in (examination, database):
            monkeypatch.setattr(place, "waiting_migrations", lambda: 3)
        found = list(examination.examine())

        told = [one.finding.told for one in found if one.finding.level is Level.WRONG]
        assert (
            "not looked at, as migrations are waiting: triggers, partitions, catalogue, audit trail" in told
        )
        assert "3 are waiting" in told
        assert not {"triggers", "catalogue"} & {one.subject for one in found}


class TestDatabase:
    def test_waiting_migrations(self, monkeypatch):
        monkeypatch.setattr(database, "waiting_migrations", lambda: 3)

        assert told(database.migrations()) == "✗ 3 are waiting → Run `manage.py migrate`."

    def test_a_trigger_that_is_gone(self):
        drop_trigger()

        assert "is missing. → Run `python manage.py migrate`" in told(database.triggers())

    @pytest.mark.postgresql
    def test_a_trigger_that_is_disabled(self):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE rates DISABLE TRIGGER USER")

        assert "The trigger catalogue_rates_" in told(database.triggers())
        assert "is disabled." in told(database.triggers())

    def test_a_slow_database(self, monkeypatch):
        monkeypatch.setattr(database, "_seconds_of_a_look", lambda: 0.2)

        assert levels(database.answers()) == [Level.DOUBTFUL]

    def test_a_clock_that_is_behind_the_trail(self, healthy):
        with time_machine.travel("2020-01-01"):
            assert levels(database.clock()) == [Level.WRONG]

    def test_a_database_that_takes_no_writes(self, monkeypatch):
        monkeypatch.setattr(database, "refusal", lambda: Refusal("it is a replica", "Name the primary."))

        assert told(database.writable()) == "✗ it is a replica → Name the primary."

    @pytest.mark.postgresql
    def test_more_connections_than_the_server_has(self, monkeypatch):
        monkeypatch.setenv("WORKERS", "500")

        assert levels(database.connections_enough()) == [Level.WRONG]

    def test_connections_as_a_server_comes_to_hold_them(self, settings, monkeypatch):
        monkeypatch.setenv("WORKERS", "2")
        settings.EDGE, settings.EDGE_UPSTREAM, settings.EDGE_THREADS = True, [], 4
        settings.DATABASE_POOL_SIZE = 0
        assert wanted_connections().number == 2 * 12

        settings.DATABASE_POOL_SIZE = 6
        assert wanted_connections().number == 2 * 7

    @pytest.mark.postgresql
    def test_the_partition_of_the_month_to_come(self):
        with time_machine.travel(timezone.now().replace(day=28)):
            month = f"{timezone.now() + timedelta(days=5):%Y-%m}"
            assert f"next month's generations, {month}" in told(database.parts())

    @pytest.mark.postgresql
    def test_a_number_of_processes_that_is_none(self, monkeypatch):
        monkeypatch.setenv("WORKERS", "many")
        check = Check("connections", database.connections_enough)

        assert "WORKERS=many is not a whole number" in told(examination.looked(check))

    @pytest.mark.postgresql
    def test_a_month_without_a_partition(self):
        with time_machine.travel("2035-05-05"):
            assert "There is no partition generations_2035_06" in told(database.parts())


def drop_trigger() -> None:
    found, drop = {
        "sqlite": ("SELECT name FROM sqlite_master WHERE name LIKE 'prices_%'", "DROP TRIGGER {}"),
        "postgresql": (
            "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'prices_%'",
            "DROP FUNCTION {} CASCADE",
        ),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(f"{found} AND name NOT LIKE '%guard%'" if connection.vendor == "sqlite" else found)
        cursor.execute(drop.format(cursor.fetchone()[0]))


class TestCatalogue:
    def test_nothing_to_sell(self):
        standard_policy()

        assert told(catalogue.needs_attention()).startswith("✗ There is no model yet: nothing can be sold → ")

    def test_a_trail_without_its_end(self, healthy):
        services.revise(AIModel.objects.get(), {"name": "Other"})
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audit_entries WHERE number = (SELECT max(number) FROM audit_entries)")

        assert "is missing: it was removed → Run `manage.py verify_audit`" in told(catalogue.audit_heads())

    def test_an_entry_behind_the_head(self, healthy):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE audit_heads SET number = number - 1")

        assert "stands behind the head of its book" in told(catalogue.audit_heads())


class TestSettings:
    def test_unsafe_ones_are_doubted(self, settings):
        settings.DEBUG, settings.SECRET_KEY, settings.HTTPS = True, "k" * 40, False

        assert levels(configuration.safety()) == [Level.DOUBTFUL] * 3

    def test_trust_in_everybody(self, settings):
        settings.TRUSTED_PROXIES = [SimpleNamespace(prefixlen=0)]

        assert levels(configuration.proxies()) == [Level.WRONG]

    def test_tls_without_a_proxy_that_is_known(self, settings):
        settings.HTTPS, settings.TRUSTED_PROXIES = True, []

        assert "TRUSTED_PROXIES names no proxy" in told(configuration.proxies())

    def test_what_django_says(self, settings):
        settings.SESSION_COOKIE_HTTPONLY = False

        assert "SESSION_COOKIE_HTTPONLY" in told(configuration.other_messages())

    def test_settings_of_ours_that_contradict_each_other(self, settings):
        settings.DATABASE_POOL_SIZE = 1

        assert "DATABASE_POOL_SIZE" in told(configuration.other_messages())


class TestMachine:
    @pytest.mark.parametrize(("free", "level"), [(50, Level.FINE), (5, Level.DOUBTFUL), (1, Level.WRONG)])
    def test_room_on_the_disk(self, monkeypatch, free, level):
        usage = SimpleNamespace(total=100 << 30, free=free << 30)
        monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)

        assert set(levels(machine.room())) == {level}

    def test_fewer_files_than_streams(self, monkeypatch, settings):
        settings.EDGE, settings.EDGE_STREAMS = True, 10_000
        monkeypatch.setattr(machine.resource, "getrlimit", lambda which: (1024, 4096))

        assert "Raise the hard limit to 10,256" in told(machine.file_descriptors())

    @pytest.mark.postgresql
    def test_no_program_for_a_backup(self, monkeypatch):
        def none(name: str, *, server: int) -> object:
            raise BackupRefused("There is no pg_dump here.")

        monkeypatch.setattr(programs, "found", none)

        assert (
            told(machine.dump_program()) == "! no backup can be taken from here → There is no pg_dump here."
        )


class Redis(SharedCache):
    """One that answers as it is told, or not at all."""

    def __init__(self, memory: dict[str, Any] | None) -> None:
        self._memory = memory

    @property
    def _cache(self) -> Any:
        return SimpleNamespace(get_client=lambda key, write: self)

    def info(self, section: str) -> dict[str, Any]:
        if self._memory is None:
            raise RedisGone("redis://:secret@host")
        return {"redis_version": "7.0"} if section == "server" else self._memory


@pytest.mark.parametrize(
    ("memory", "level", "words"),
    [
        (None, Level.WRONG, "it does not answer (ConnectionError)"),
        ({"maxmemory": 1, "maxmemory_policy": "noeviction"}, Level.DOUBTFUL, "refuses to count"),
        ({"maxmemory": 1, "maxmemory_policy": "volatile-ttl"}, Level.FINE, "version 7.0 answers"),
        ({"maxmemory": 0, "maxmemory_policy": "noeviction"}, Level.FINE, "version 7.0 answers"),
    ],
)
def test_redis(monkeypatch, memory, level, words):
    monkeypatch.setattr(counters, "caches", {"default": Redis(memory)})
    (found,) = counters.shared_counter()

    assert (found.level, words in found.told, "secret" in found.told) == (level, True, False)


@pytest.fixture
def replica(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "connections", ["default", "replica_1"])
    monkeypatch.setattr(replicas, "_written", lambda: "0/1")
    monkeypatch.setattr(replicas, "PATIENCE_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        ((True, True, 9_000.0), Level.FINE),
        ((True, False, 9_000.0), Level.DOUBTFUL),
    ],
)
def test_replicas(monkeypatch, replica, seen, level):
    monkeypatch.setattr(replicas, "_seen", lambda alias, written: seen)

    assert levels(replicas.follow()) == [level]


def test_after_a_failover_the_one_that_was_promoted_stands_among_the_replicas_still(monkeypatch, replica):
    monkeypatch.setattr(replicas, "_seen", lambda alias, written: (False, True, None))

    (found,) = replicas.follow()

    assert found.level is Level.DOUBTFUL
    assert "REPLICA_URLS" in found.remedy


def test_without_the_primary_nobody_knows_how_far_a_replica_is_behind(monkeypatch, replica):
    monkeypatch.setattr(replicas, "_written", lambda: None)
    monkeypatch.setattr(replicas, "_seen", lambda alias, written: (True, False, 9_000.0))

    assert told(replicas.follow()).startswith("! replica_1 answers; how far it is behind")


def test_a_silent_replica_is_left_out(monkeypatch, replica):
    def silent(alias: str, written: str) -> tuple[bool, bool, float]:
        raise OperationalError("connection refused")

    monkeypatch.setattr(replicas, "_seen", silent)

    assert told(replicas.follow()).startswith("! replica_1 does not answer: connection refused → The primary")


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_long_writer_of_sqlite_is_waited_for_briefly_and_is_no_fault(monkeypatch):
    monkeypatch.setattr(database, "LOCK_PATIENCE", 0.05)
    before = database._row("PRAGMA busy_timeout")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as importer:
        importer.execute("BEGIN IMMEDIATE")

        (finding,) = examination.looked(Check("database", database.writable))

    assert finding.level is Level.DOUBTFUL
    assert "somebody has been writing to it" in finding.told
    assert database._row("PRAGMA busy_timeout") == before
