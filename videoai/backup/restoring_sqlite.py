"""Restoring into SQLite: a copy of the backup beside the database, and then its pages into the database.

The file in use stays the same one, so that every process goes on with it; to move another file there would
leave the log of the old one beside it, which SQLite would take for the new one's.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from videoai.backup import files
from videoai.backup.contents import Contents, read_contents
from videoai.backup.errors import RestoreRefused
from videoai.backup.sqlite import (
    COMPANIONS,
    NONE,
    asking,
    copy_out,
    damage,
    drop_companions,
    is_database,
    pour_in,
)
from videoai.backup.taking import Say, told_now_and_then

BEGINNING = b"SQLite format 3\0"
RESTORING = ".restoring"


class SQLiteTarget:
    """The database of one file, whether it is there or not."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.name = str(database)

    def check(self, backup: Path, say: Say) -> Contents:
        """What the backup holds. Raises RestoreRefused if it is damaged, or not all there is."""
        say("checking the file")
        log = Path(f"{backup}-wal")
        if log.exists() and log.stat().st_size:
            raise RestoreRefused(
                f"{log} may hold changes that {backup} lacks: this is a database in use, or a copy of one. "
                "Name it in DATABASE_URL, and let `backup` take a backup of it."
            )
        if found := damage(backup):
            raise RestoreRefused(f"{backup} is damaged: {'; '.join(found)}.")
        with asking(backup) as ask:
            return read_contents(ask, vendor="sqlite")

    def current(self) -> Contents | None:
        """What would be replaced; None if nothing is there."""
        if not self.database.exists() or not self.database.stat().st_size:
            return None
        unreadable = Contents(counts={f"{self.database.name}, which is damaged": 1})
        if not is_database(self.database):
            return unreadable
        try:
            with closing(sqlite3.connect(self.database)) as session:
                return read_contents(lambda query: session.execute(query).fetchall(), vendor="sqlite")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in NONE:
                return unreadable
            raise

    @contextmanager
    def beside(self, backup: Path, say: Say) -> Iterator[str]:
        """The name of a copy to look at, and to swap."""
        say("copying")
        self.database.parent.mkdir(parents=True, exist_ok=True)
        with files.partial(self.database, RESTORING) as copy:
            drop_companions(copy)
            shutil.copyfile(backup, copy)
            try:
                yield str(copy)
            finally:
                drop_companions(copy)

    def swap(self, copy: str, *, kept: str | None, say: Say) -> str | None:
        """Let the database be what the copy is; where the old one is kept, if it is.

        Raises RestoreRefused with the old one in place.
        """
        try:
            _fold_in(Path(copy))
            if self.database.exists() and is_database(self.database):
                return self._pour(Path(copy), kept, say)
            return self._replace(Path(copy), kept)
        except sqlite3.Error as error:
            raise RestoreRefused(
                f"{self.database} can't be written to or kept ({error}). It stands as it stood; if it can't "
                "be kept because it is damaged, restore with --no-keep."
            ) from error

    def _pour(self, copy: Path, kept: str | None, say: Say) -> str | None:
        target = self.database.with_name(f"{self.database.name}.{kept}") if kept else None

        def keep() -> None:
            if target is not None:
                say("keeping the old database")
                with files.partial(target) as ready:
                    copy_out(self.database, ready, lambda done, pages: None)
                    files.put_in_place(ready, target)

        try:
            pour_in(copy, self.database, before=keep, progress=told_now_and_then(say, "restored"))
        except BaseException:
            if target is not None:
                target.unlink(missing_ok=True)  # it is what the database still is
            raise
        return str(target) if target else None

    def _replace(self, copy: Path, kept: str | None) -> str | None:
        """In place of nothing, or of what is no database: nobody can be at work with that."""
        aside = None
        if self.database.exists() and self.database.stat().st_size and kept:
            aside = self.database.with_name(f"{self.database.name}.{kept}")
            os.link(self.database, aside)
        for companion in COMPANIONS:
            # SQLite would take the log of a lost database for the new one's.
            left = Path(f"{self.database}{companion}")
            if left.exists():
                left.replace(f"{self.database}.{kept or 'left'}{companion}")
        files.put_in_place(copy, self.database)
        return str(aside) if aside else None


def _fold_in(copy: Path) -> None:
    """Leave no log beside the file."""
    with closing(sqlite3.connect(copy)) as session:
        session.execute("PRAGMA journal_mode=DELETE")
