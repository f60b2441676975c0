"""The command, as an operator meets it."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from models_registry.usage import retention
from models_registry.usage.models import Generation
from tests.models_registry.usage.upkeep import (
    NOW,
    OCTOBER,
    count,
    drop_partitions,
    findings,
    some_usage,
    sql,
    sums,
)

pytestmark = pytest.mark.django_db

MADE = """Made generations_2026_10; 20 generations moved into it.
Made generations_2026_11; 20 generations moved into it.
Made generations_2026_12; 0 generations moved into it.
Made generations_2027_01; 0 generations moved into it.
Made generations_2027_02; 0 generations moved into it.
"""
NO_PARTITIONS = "SQLite has no partitions: none to make.\n"


@pytest.fixture(autouse=True)
def usage(db: None) -> Iterator[None]:
    drop_partitions()
    some_usage()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def three_weeks(settings: Any) -> None:
    settings.USAGE_RETENTION_DAYS = 21


def run(*args: str) -> str:
    out = StringIO()
    call_command("maintain_usage", *args, stdout=out)
    return out.getvalue()


@pytest.mark.postgresql
def test_partitions_are_made_ahead_once_and_filled():
    would = MADE.replace("Made", "Would make").replace("; ", " and move ").replace(" moved into", " into")
    assert run("--dry-run") == f"{would}Dry run: nothing was written.\n"
    assert run() == f"{MADE}Done.\n"
    assert run() == "Nothing to do.\n"
    assert findings() == []


@pytest.mark.sqlite
def test_sqlite_has_nothing_to_do():
    assert run() == f"{NO_PARTITIONS}Nothing to do.\n"
    assert run("--dry-run") == f"{NO_PARTITIONS}Nothing to do.\n"


@pytest.mark.usefixtures("three_weeks")
def test_old_months_are_dropped_and_late_generations_swept():
    before = sums()
    assert "Would drop 2026-10: 20 generations.\nDry run: nothing was written.\n" in run("--dry-run")
    assert Generation.objects.count() == 40

    assert run().endswith("Dropped 2026-10: 20 generations.\nDone.\n")
    assert (sums(), findings()) == (before, [])
    assert run() == (NO_PARTITIONS if connection.vendor == "sqlite" else "") + "Nothing to do.\n"

    count("late", OCTOBER)
    late = "1 generation that came late, for months dropped before.\n"
    assert f"Would sweep {late}" in run("--dry-run")
    assert f"Swept {late}" in run()
    assert (Generation.objects.count(), findings()) == (20, [])


@pytest.mark.usefixtures("three_weeks")
def test_months_that_somebody_else_drops_at_the_same_time_are_not_told(monkeypatch):
    doomed = retention.doomed(retention.kept_from(NOW, days=21))
    run()
    monkeypatch.setattr(retention, "doomed", lambda _: doomed)

    assert doomed == [OCTOBER]
    assert run().endswith("Nothing to do.\n")


def test_without_a_limit_nothing_is_dropped():
    count("old", NOW.replace(year=2021))
    run()

    assert Generation.objects.count() == 41


@pytest.mark.usefixtures("three_weeks")
def test_a_month_that_does_not_add_up_is_refused_with_the_way_out():
    sql("UPDATE usage_rollups SET credits = 0 WHERE grain = 'hour'")

    for args in ([], ["--dry-run"]):
        with pytest.raises(CommandError) as error:
            run(*args)
        assert str(error.value) == (
            "The generations of 2026-10 were not dropped: 4 rows do not agree with them. "
            "See which with verify_usage, and rebuild them with rollup_usage."
        )
    assert Generation.objects.count() == 40

    call_command("rollup_usage", stdout=StringIO())
    assert "Dropped 2026-10" in run()
