"""Restores: what was taken comes back, or the old database stands as it stood."""

import json
from pathlib import Path

import pytest
from django.db import connection

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from models_registry.models.revision import CatalogueRevision
from tests.factories import AIModelFactory
from tests.videoai.backup.commands import now, refusal, run
from videoai.backup import restoring
from videoai.backup.contents import Contents, differences
from videoai.backup.elsewhere import connected_to
from videoai.backup.manifest import beside, read_manifest


def epoch() -> str:
    return CatalogueRevision.objects.get().epoch


def other_than(expected: Contents) -> list[str]:
    """What differs, but for what a restore writes itself: a new epoch, and the entry that tells of it."""
    own = ("epoch: ", "anchors: ", "audit_entries: ", "audit_heads: ")
    return [one for one in differences(expected, now()) if not one.startswith(own)]


def same_but_for_the_restore(path: Path) -> bool:
    return not other_than(read_manifest(path).contents)


def restores() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="database_restored"))


def kept_name(told: str) -> str:
    return told.partition("The old database is kept as ")[2].partition(";")[0]


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_was_taken_comes_back_and_the_old_one_is_kept(taken):
    AIModelFactory(model_id="acme/later")

    told = run("restore", taken, "--yes")

    assert same_but_for_the_restore(taken)
    with connected_to(kept_name(told)):
        assert AIModel.objects.filter(model_id="acme/later").exists()


def test_the_trail_tells_who_restored_what_in_place_of_what(taken):
    AIModelFactory(model_id="acme/later")
    manifest = read_manifest(taken)
    before = AuditEntry.objects.count()

    run("restore", taken, "--yes", "--no-keep")

    (entry,) = restores()
    assert AuditEntry.objects.count() <= before + 1
    assert (entry.actor_kind, entry.subject) == ("command", "taken")
    assert entry.told_facts["sha256"] == manifest.sha256
    assert entry.told_facts["replaced"].startswith("3 models, 60 generations")
    run("verify_audit", *(word for anchor in manifest.contents.anchors for word in ("--anchor", anchor)))


def test_a_database_that_holds_something_is_not_replaced_unasked(taken):
    AIModelFactory(model_id="acme/later")

    assert "holds 3 models, 60 generations" in refusal("restore", taken)
    assert AIModel.objects.count() == 3


def test_a_dry_run_checks_the_file_and_changes_nothing(taken):
    AIModelFactory(model_id="acme/later")
    before = now()

    told = run("restore", taken, "--dry-run")

    assert "2 models, 60 generations" in told
    assert "3 models, 60 generations" in told
    assert told.endswith("Dry run: nothing was changed.\n")
    assert now() == before


def test_the_old_one_can_be_let_go(taken):
    told = run("restore", taken, "--yes", "--no-keep")

    assert "is kept as" not in told
    assert same_but_for_the_restore(taken)


def test_a_restored_database_begins_a_line_of_its_own(taken):
    """A revision is met again, with other contents: whoever knew it must not take it for the same."""
    before = epoch()
    run("restore", taken, "--yes", "--no-keep")

    assert epoch() != before


def test_a_file_that_was_changed_is_refused(taken):
    content = bytearray(taken.read_bytes())
    content[len(content) // 2] ^= 1
    taken.write_bytes(content)

    assert "its SHA-256 is another one" in refusal("restore", taken, "--yes")
    assert now() == read_manifest(taken).contents


def test_half_a_file_is_refused_also_without_its_manifest(taken):
    taken.write_bytes(taken.read_bytes()[: taken.stat().st_size // 2])
    beside(taken).unlink()
    before = now()

    assert refusal("restore", taken, "--yes", "--without-manifest")
    assert now() == before


def test_a_backup_without_its_manifest_is_restored_only_if_that_is_said(taken):
    expected = read_manifest(taken).contents
    beside(taken).unlink()

    assert "without which nobody can tell whether all comes back" in refusal("restore", taken, "--yes")
    run("restore", taken, "--yes", "--without-manifest")
    assert other_than(expected) == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"format": "other"}, '"other", version 1; this program knows videoai-backup'),
        ({"engine": "oracle"}, 'engine "oracle" is none of'),
        ({"contents": []}, "is no manifest of a backup, or was edited"),
        (
            {"contents": {"counts": {}, "anchors": ["catalogue:0:"]}},
            "is no manifest of a backup, or was edited",
        ),
        ({"bytes": "many"}, "is no manifest of a backup, or was edited"),
        ({"bytes": float("inf")}, "is no manifest of a backup, or was edited"),
    ],
)
def test_a_manifest_that_is_none_is_refused(taken, values, told):
    manifest = json.loads(beside(taken).read_text())
    beside(taken).write_text(json.dumps({**manifest, **values}))

    assert told in refusal("restore", taken, "--yes")


@pytest.mark.parametrize(
    "content", [b"", b"models: []", b"SQLite format 3\0PGDMP", b"PGDMPSQLite format 3\0"]
)
def test_a_file_that_is_no_backup_is_refused(filled, tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)

    assert refusal("restore", path, "--yes", "--without-manifest").startswith(str(path)) or "pg_restore" in (
        refusal("restore", path, "--yes", "--without-manifest")
    )


def test_a_backup_of_the_other_engine_is_refused(filled, tmp_path):
    path = tmp_path / "other"
    path.write_bytes(b"PGDMP..." if connection.vendor == "sqlite" else b"SQLite format 3\0...")

    assert "Set DATABASE_URL to one on " in refusal("restore", path, "--without-manifest")


def test_a_backup_of_a_newer_release_is_refused(filled, tmp_path):
    execute("UPDATE django_migrations SET name = '0999_later' WHERE name = '0006_following_the_list'")
    run("backup", tmp_path / "newer")

    assert "does not know pricing.0999_later. Install that release" in (
        refusal("restore", tmp_path / "newer", "--yes")
    )


def test_a_backup_of_an_earlier_release_says_that_it_has_to_be_migrated(filled, tmp_path):
    execute("DELETE FROM django_migrations WHERE name = '0006_following_the_list'")
    run("backup", tmp_path / "earlier")

    assert "1 migrations are waiting. Run `manage.py migrate`" in (
        run("restore", tmp_path / "earlier", "--yes", "--no-keep")
    )


def test_less_than_was_taken_is_refused(taken, monkeypatch):
    contents = read_manifest(taken).contents
    more = {**json.loads(beside(taken).read_text())}
    more["contents"]["counts"]["generations"] += 1
    beside(taken).write_text(json.dumps(more))

    assert "generations: 61 rows in the backup, 60 rows restored" in refusal("restore", taken, "--yes")
    assert now() == contents


def test_a_trail_that_does_not_hold_is_restored_only_if_that_is_said(filled, tmp_path):
    execute("UPDATE audit_entries SET reason = 'mine' WHERE number = 2")
    path = tmp_path / "touched"
    run("backup", path)
    AIModelFactory(model_id="acme/later")

    assert "catalogue 2 was edited" in refusal("restore", path, "--yes")
    assert AIModel.objects.count() == 3
    assert "! catalogue 2 was edited" in run("restore", path, "--yes", "--accept-findings", "--no-keep")
    assert AuditEntry.objects.get(number=2, book="catalogue").reason == "mine"


def test_sums_that_do_not_add_up_are_found(filled, tmp_path):
    execute("UPDATE usage_counters SET generations = generations + 1")
    path = tmp_path / "touched"
    run("backup", path)

    assert "What was restored does not hold: acme/" in refusal("restore", path, "--yes")


def test_a_database_without_its_triggers_is_never_put_in_place(filled, tmp_path):
    path = tmp_path / "unguarded"
    drop_a_trigger()
    run("backup", path)

    assert "is missing" in refusal("restore", path, "--yes", "--accept-findings")


def drop_a_trigger() -> None:
    found, drop = {
        "sqlite": ("SELECT name FROM sqlite_master WHERE name LIKE 'catalogue_models_%'", "DROP TRIGGER {}"),
        "postgresql": (
            "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'catalogue_models_%'",
            "DROP TRIGGER {} ON models",
        ),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(found)
        cursor.execute(drop.format(cursor.fetchone()[0]))


def test_if_the_two_can_not_change_places_the_old_one_stands(taken, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise restoring.RestoreRefused("Not now.")

    target = restoring.target_of(jobs=1, with_owners=True)
    monkeypatch.setattr(type(target), "swap", fail)
    AIModelFactory(model_id="acme/later")

    assert refusal("restore", taken, "--yes") == "Not now."
    assert AIModel.objects.count() == 3
