"""Backups: of one state, whole or not there, and for their owner alone."""

import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from models_registry.models import AIModel
from tests.videoai.backup.commands import now, refusal, run
from videoai.backup import files, sqlite, taking
from videoai.backup.files import digest_of
from videoai.backup.manifest import beside, read_manifest


def test_a_backup_says_what_is_in_it(filled, tmp_path):
    path = tmp_path / "taken"
    told = run("backup", path)

    manifest = read_manifest(path)
    assert manifest.contents == now()
    assert (manifest.contents.models, manifest.contents.generations) == (2, 60)
    assert manifest.contents.default_model == "acme/first"
    assert manifest.contents.anchors[0].startswith("catalogue:")
    assert (manifest.sha256, manifest.bytes) == (digest_of(path), path.stat().st_size)
    assert "2 models, 60 generations, default" in told


def test_a_backup_is_for_its_owner_alone(taken):
    for path in (taken, beside(taken)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {path.name for path in taken.parent.glob("taken*")} == {"taken", "taken.manifest.json"}


def test_a_backup_replaces_nothing_unasked(taken):
    before = taken.read_bytes()

    assert refusal("backup", taken) == (
        f"{taken} is there already. Choose another name, or replace it with --yes."
    )
    assert taken.read_bytes() == before
    AIModel.objects.get(model_id="acme/second")
    run("backup", taken, "--yes")
    assert read_manifest(taken).sha256 == digest_of(taken)


def test_a_backup_that_fails_leaves_what_was_there(taken, monkeypatch):
    before = taken.read_bytes(), beside(taken).read_bytes()

    def fail(path: Path) -> str:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(taking.files, "digest_of", fail)

    assert "No space left on device" in refusal("backup", taken, "--yes")
    assert (taken.read_bytes(), beside(taken).read_bytes()) == before
    assert not taken.with_name("taken.partial").exists()


def test_what_a_killed_one_left_is_not_written_into(filled, tmp_path):
    """A pg_dump that was left behind may still be at it."""
    path = tmp_path / "taken"
    left = path.with_name("taken.partial").open("wb")
    run("backup", path)
    left.write(b"of another backup")
    left.close()

    assert read_manifest(path).sha256 == digest_of(path)


def test_a_device_is_never_replaced(filled, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert "is no ordinary file" in refusal("backup", tmp_path / "pipe", "--yes")


def test_two_backups_to_one_file_do_not_mix(filled, tmp_path):
    path = tmp_path / "taken"
    with files.partial(path):
        assert "is being written to by another one" in refusal("backup", path)


@pytest.mark.parametrize(("name", "told"), [("", "is a folder"), ("none/taken", "No such file or directory")])
def test_a_place_that_is_none_is_refused(filled, tmp_path, name, told):
    assert told in refusal("backup", tmp_path / name)


def test_a_database_that_is_none_is_refused(filled, tmp_path):
    assert refusal("backup", tmp_path / "taken", "--from", "replica_7") == (
        '--from "replica_7" is none of the databases: default.'
    )


def test_what_a_release_is_about_to_migrate_can_be_backed_up(filled, tmp_path):
    MigrationRecorder(connection).record_unapplied("pricing", "0006_following_the_list")

    run("backup", tmp_path / "taken")

    migrations = json.loads(beside(tmp_path / "taken").read_text())["contents"]["migrations"]
    assert "pricing.0006_following_the_list" not in migrations


@pytest.mark.sqlite
def test_writers_go_on_and_the_backup_is_of_the_moment_when_it_began(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "OUT_PAGES", 8)
    target = tmp_path / "copy"
    target.touch()
    steps = []

    def write(done: int, pages: int) -> None:
        with closing(sqlite3.connect(filled, timeout=0)) as session:
            session.execute("UPDATE quality_tiers SET position = position + 1")
            session.commit()
        steps.append(done)

    with closing(sqlite3.connect(filled)) as session:
        query = "SELECT position FROM quality_tiers ORDER BY key"
        before = session.execute(query).fetchall()
        sqlite.copy_out(Path(filled), target, write)
        after = session.execute(query).fetchall()

    with sqlite.asking(target) as ask:
        assert ask(query) == before
    assert after != before
    assert len(steps) > 5
    assert steps == sorted(steps)  # it did not begin again


@pytest.mark.sqlite
def test_a_database_that_is_not_there_is_not_made(own, tmp_path, settings):
    connection.close()
    Path(own).unlink()

    assert refusal("backup", tmp_path / "taken") == f"There is no database at {own}: nothing to back up."
    assert not Path(own).exists()


@pytest.mark.sqlite
@pytest.mark.parametrize("written", ["{name}", "{folder}/../{folder_name}/{file}", "{name}-wal", "link"])
def test_the_database_itself_is_no_place_for_its_backup(filled, tmp_path, written):
    database = Path(filled)
    words = {"name": database, "folder": database.parent, "folder_name": database.parent.name}
    link = tmp_path / "link"
    link.symlink_to(database)
    path = str(link) if written == "link" else written.format(**words, file=database.name)

    assert "is the database itself" in refusal("backup", path, "--yes")
