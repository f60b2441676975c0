"""A restore from its first look at the file to the moment when the database is another one."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psycopg
from django.db import connection

from models_registry.audit import ledger
from models_registry.transactions import whole
from models_registry.values import shown
from videoai.backup import files, proving, restoring_postgresql, restoring_sqlite
from videoai.backup.contents import Contents
from videoai.backup.elsewhere import connected_to
from videoai.backup.errors import RestoreRefused
from videoai.backup.manifest import ENGINES, Manifest, beside, read_manifest
from videoai.backup.taking import Say, file_of
from videoai.readiness import waiting_migrations

BEGINNINGS = {"sqlite": restoring_sqlite.BEGINNING, "postgresql": restoring_postgresql.BEGINNING}
Target = restoring_sqlite.SQLiteTarget | restoring_postgresql.PostgreSQLTarget
ENGINE_ERRORS = (sqlite3.Error, psycopg.Error)


class Checked(NamedTuple):
    """A backup that can be restored; `contents` is None if its archive is all that is known of it."""

    path: Path
    manifest: Manifest | None
    contents: Contents | None


class Restored(NamedTuple):
    contents: Contents
    kept: str | None  # where the old database is
    waiting: int  # migrations
    findings: list[str]


def target_of(*, jobs: int, with_owners: bool) -> Target:
    """The database that would be replaced."""
    if connection.vendor == "sqlite":
        return restoring_sqlite.SQLiteTarget(file_of(connection))
    return restoring_postgresql.PostgreSQLTarget(connection, jobs=jobs, with_owners=with_owners)


def check(path: Path, target: Target, *, needs_manifest: bool, say: Say) -> Checked:
    """Look at the backup alone. Raises RestoreRefused, with the way out."""
    engine = _engine_of(path)
    if engine != connection.vendor:
        raise RestoreRefused(
            f"{path} is a backup of {ENGINES[engine]}, and the database is on {connection.display_name}. Set "
            f"DATABASE_URL to one on {ENGINES[engine]}."
        )
    manifest = read_manifest(path)
    if manifest is None and needs_manifest:
        raise RestoreRefused(
            f"There is no {beside(path)}, without which nobody can tell whether all comes back. Bring it, or "
            "restore with --without-manifest."
        )
    if manifest is not None:
        _compare_digest(path, manifest, say)
    inside = target.check(path, say)
    contents = manifest.contents if manifest else inside
    unknown = proving.unknown_migrations(contents) if contents else []
    if unknown:
        raise RestoreRefused(
            f"{path} was made by a newer release: this one does not know {', '.join(unknown[:3])}"
            f"{' and more' if len(unknown) > 3 else ''}. Install that release first."
        )
    return Checked(path, manifest, contents)


def restore(  # noqa: PLR0913 - what is asked for, each by its name
    checked: Checked, target: Target, *, replaced: str, keeping: bool, accepting_findings: bool, say: Say
) -> Restored:
    """Put the backup in the database's place; `replaced` says what stood there, for the audit trail.

    Raises RestoreRefused, Busy, OSError or the engine's errors; the old database stands as it stood then.
    """
    anchors = checked.manifest.contents.anchors if checked.manifest else ()
    expected = checked.contents
    with target.beside(checked.path, say) as name:
        with connected_to(name):
            _refuse_faults(list(proving.faults(expected)))
            contents, waiting = proving.contents_now(), waiting_migrations()
            if newer := proving.unknown_migrations(contents):
                raise RestoreRefused(f"The backup was made by a newer release, with {shown(newer[0])}.")
            # They know the tables of this release alone.
            found = [] if waiting else list(proving.findings(anchors, say))
            if found and not accepting_findings:
                raise RestoreRefused(
                    f"What was restored does not hold: {'; '.join(found)}. The old database stays. If it "
                    "was so before the backup, restore with --accept-findings."
                )
            _begin_new_line(checked, replaced=replaced, is_recorded=not waiting)
        kept = f"before_{datetime.now(UTC):%Y%m%dt%H%M%Sz}" if keeping else None
        return Restored(contents, target.swap(name, kept=kept, say=say), waiting, found)


@whole
def _begin_new_line(checked: Checked, *, replaced: str, is_recorded: bool) -> None:
    """The first entry behind the backup's says where it came from, if its tables are of this release."""
    proving.begin_new_line()
    if is_recorded:
        digest = checked.manifest.sha256 if checked.manifest else files.digest_of(checked.path)
        taken = checked.manifest.taken_at if checked.manifest else ""
        facts = {"sha256": digest, "taken_at": taken, "replaced": replaced}
        ledger.record_event("database_restored", subject=checked.path.name, **facts)


def _refuse_faults(found: list[str]) -> None:
    if found:
        raise RestoreRefused(
            f"What was restored is not what was taken: {'; '.join(found)}. The old database stays."
        )


def _engine_of(path: Path) -> str:
    with path.open("rb") as file:
        beginning = file.read(max(map(len, BEGINNINGS.values())))
    for engine, bytes_ in BEGINNINGS.items():
        if beginning.startswith(bytes_):
            return engine
    raise RestoreRefused(
        f"{path} is no backup: it is neither a database of SQLite nor an archive of pg_dump."
    )


def _compare_digest(path: Path, manifest: Manifest, say: Say) -> None:
    say("comparing the digest")
    if path.stat().st_size != manifest.bytes or files.digest_of(path) != manifest.sha256:
        raise RestoreRefused(
            f"{path} is not the file that {beside(path)} tells of, or was changed since: its SHA-256 is "
            "another one. Bring the two that belong together."
        )
