"""The file in use stays the same one, so that nobody is left behind on another."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from models_registry.models import AIModel
from tests.factories import AIModelFactory
from tests.videoai.backup.commands import refusal, run
from videoai.backup import restoring_sqlite, taking
from videoai.backup.sqlite import pour_in

pytestmark = pytest.mark.sqlite


def test_who_is_connected_reads_and_writes_the_restored_one(filled, taken):
    AIModelFactory(model_id="acme/later")
    connection.close()
    with closing(sqlite3.connect(filled)) as session:
        count = "SELECT COUNT(*) FROM models"
        assert session.execute(count).fetchone() == (3,)
        run("restore", taken, "--yes", "--no-keep")
        assert session.execute(count).fetchone() == (2,)
        session.execute("UPDATE models SET name = 'Written later' WHERE model_id = 'acme/first'")
        session.commit()

    assert AIModel.objects.get(model_id="acme/first").name == "Written later"


def test_what_is_committed_until_the_last_moment_is_kept(filled, taken, monkeypatch):
    """Between the look at the backup and the moment when the two change places."""

    def write_first(*arguments: object, **options: object) -> None:
        with closing(sqlite3.connect(filled)) as session:
            session.execute("UPDATE models SET name = 'At the last moment' WHERE model_id = 'acme/first'")
            session.commit()
        pour_in(*arguments, **options)

    monkeypatch.setattr(restoring_sqlite, "pour_in", write_first)
    told = run("restore", taken, "--yes")

    kept = told.partition("is kept as ")[2].partition(";")[0]
    with closing(sqlite3.connect(kept)) as session:
        names = {name for (name,) in session.execute("SELECT name FROM models")}
    assert "At the last moment" in names
    assert Path(kept).stat().st_mode & 0o777 == 0o600


def test_a_database_in_use_is_no_backup(filled, taken):
    """What was committed of late stands in its log alone."""
    with closing(sqlite3.connect(filled)) as session:
        session.execute("UPDATE models SET name = 'In the log' WHERE model_id = 'acme/first'")
        session.commit()

        told = refusal("restore", Path(filled), "--yes", "--without-manifest")

    assert told.startswith(f"{filled}-wal may hold changes that {filled} lacks")
    assert AIModel.objects.get(model_id="acme/first").name == "In the log"


def test_a_backup_for_which_there_is_no_room_leaves_nothing(filled, tmp_path, monkeypatch):
    folder = tmp_path / "full"
    folder.mkdir()

    def fill_up(_: int, ready: Path, *rest: object) -> None:
        Path(f"{ready}-journal").touch()
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(taking.sqlite, "copy_out", fill_up)

    assert refusal("backup", folder / "taken").endswith("taken.partial: database or disk is full.")
    assert list(folder.iterdir()) == []


def test_what_could_not_be_replaced_is_not_kept_twice(filled, taken, monkeypatch):
    def run_out_of_room(*_: object, before: Callable[[], None], **__: object) -> None:
        before()
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(restoring_sqlite, "pour_in", run_out_of_room)

    assert "database or disk is full" in refusal("restore", taken, "--yes")
    assert [path.name for path in Path(filled).parent.glob("*.before_*")] == []
    assert AIModel.objects.count() == 2


def test_what_is_no_database_is_kept_aside(own_path, taken):
    content = b"no database at all, but something of somebody's" * 100
    own_path.write_bytes(content)

    assert "which is damaged" in run("restore", taken, "--yes")

    assert AIModel.objects.count() == 2
    assert content in [path.read_bytes() for path in own_path.parent.glob(f"{own_path.name}.*")]


def test_the_log_of_a_database_that_was_lost_is_not_taken_for_the_new_one_s(own_path, taken):
    with closing(sqlite3.connect(own_path)) as session:
        session.execute("DELETE FROM models")
        session.commit()
        log = Path(f"{own_path}-wal").read_bytes()
        own_path.unlink()
    Path(f"{own_path}-wal").write_bytes(log)

    run("restore", taken, "--yes")

    assert AIModel.objects.count() == 2
    assert Path(f"{own_path}.left-wal").read_bytes() == log


@pytest.fixture
def own_path(filled: str, taken: Path) -> Path:
    """Of the file in use, with nobody connected to it."""
    connection.close()
    return Path(filled)


def test_into_nothing(own_path, taken):
    own_path.unlink()

    assert "nothing is there" in run("restore", taken)
    assert AIModel.objects.count() == 2


def test_a_file_that_somebody_holds_is_not_taken_for_none(own_path, taken, monkeypatch):
    monkeypatch.setattr("videoai.backup.sqlite.LONGEST_WAIT", 0.1)
    before = own_path.read_bytes()
    with closing(sqlite3.connect(own_path, isolation_level=None)) as session:
        session.execute("BEGIN IMMEDIATE")
        assert "is locked" in refusal("restore", taken, "--yes")
        session.execute("ROLLBACK")

    assert own_path.read_bytes() == before
