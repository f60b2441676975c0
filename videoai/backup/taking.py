"""Taking a backup: the database's state of one moment in one file, and beside it what is in it."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from videoai.backup import files, programs, sqlite
from videoai.backup.contents import Ask, Contents, read_contents
from videoai.backup.errors import BackupRefused
from videoai.backup.manifest import Manifest, application_version, beside

Say = Callable[[str], None]
PAUSE = 2.0  # seconds between two words about how far it is


class Taken(NamedTuple):
    manifest: Manifest
    seconds: float


def take(path: Path, *, alias: str, say: Say) -> Taken:
    """Write a backup of the database `alias` to `path`, and its manifest beside it; what was there is gone.

    Raises BackupRefused, ProgramFailed, OSError or DatabaseError; `path` is untouched then.
    """
    begun = time.monotonic()
    connection = connections[alias]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with files.partial(path) as ready:
        take_from = _of_sqlite if connection.vendor == "sqlite" else _of_postgresql
        contents = take_from(connection, ready, say)
        manifest = Manifest(
            connection.vendor,
            engine_version(connection),
            files.digest_of(ready),
            ready.stat().st_size,
            at,
            contents,
            application_version(),
        )
        # First what tells of the backup: as soon as that is there, all is.
        files.write_whole(beside(path), manifest.as_text())
        files.put_in_place(ready, path)
    return Taken(manifest, time.monotonic() - begun)


def engine_version(connection: BaseDatabaseWrapper) -> str:
    return ".".join(str(part) for part in connection.get_database_version())


def told_now_and_then(say: Say, what: str) -> sqlite.Progress:
    """Tells now and then; nothing of what takes no time."""
    told = [time.monotonic()]

    def progress(done: int, of: int) -> None:
        now = time.monotonic()
        if now >= told[0] + PAUSE:
            told[0] = now
            say(f"{what}: {100 * done // max(of, 1)} %")

    return progress


# --- SQLite ----------------------------------------------------------------------------------------------


def file_of(connection: BaseDatabaseWrapper) -> Path:
    """Where SQLite keeps the database. Raises BackupRefused for one in memory."""
    name = str(connection.settings_dict["NAME"])
    if name == ":memory:" or name.startswith("file:"):
        raise BackupRefused("The database lies in memory, and ends with its process: there is no file of it.")
    return Path(name)


def _of_sqlite(connection: BaseDatabaseWrapper, ready: Path, say: Say) -> Contents:
    database = file_of(connection)
    if not database.exists():
        raise BackupRefused(f"There is no database at {database}: nothing to back up.")
    sqlite.drop_companions(ready)  # of one that was killed
    try:
        sqlite.copy_out(database, ready, told_now_and_then(say, "copied"))
    except sqlite3.Error as error:
        raise BackupRefused(f"{database} can't be copied to {ready}: {error}.") from error
    finally:
        sqlite.drop_companions(ready)
    with sqlite.asking(ready) as ask:
        return read_contents(ask, vendor="sqlite")


# --- PostgreSQL ------------------------------------------------------------------------------------------


def _of_postgresql(connection: BaseDatabaseWrapper, ready: Path, say: Say) -> Contents:
    """The dump and the counts are of one snapshot, which both see whatever is written meanwhile."""
    dump = programs.found("pg_dump", server=connection.get_database_version()[0])
    parameters = connection.get_connection_params()
    with _snapshot(connection) as (ask, name):
        place = programs.place_of(parameters, database=connection.settings_dict["NAME"])
        say("counting rows")
        contents = read_contents(ask, vendor="postgresql")
        say(f"dumping {sum(contents.counts.values()):,} rows")
        options = ["--format=custom", f"--snapshot={name}", f"--file={ready}", "--no-password"]
        programs.run(dump, options, at=place)
    return contents


@contextmanager
def _snapshot(connection: BaseDatabaseWrapper) -> Iterator[tuple[Ask, str]]:
    """Queries on the state of one moment, and the name by which others can see the same."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # It stays open, and silent, for as long as the dump takes.
        for patience in ("statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET LOCAL {patience} = 0")

        def ask(query: str) -> list[tuple[object, ...]]:
            cursor.execute(query)
            return list(cursor.fetchall())

        yield ask, str(ask("SELECT pg_export_snapshot()")[0][0])
