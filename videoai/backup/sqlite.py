"""SQLite by its own online backup: out of a file that is written to, and into one that is read from.

Both directions keep one state from beginning to end. In WAL mode nobody waits for who reads: a backup's
writers go on, and a restore's readers see the old content until the new one is committed, in one step. A
restore that is killed is a transaction that was never committed.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from videoai.backup.contents import Ask

Progress = Callable[[int, int], None]  # pages done, of how many

OUT_PAGES = 2_048  # a step
# The first step into a database has to leave some for the next: our tables take far more pages than that.
IN_PAGES = 8
LONGEST_WAIT = 30.0  # seconds for a writer to finish
MOST_FAULTS = 5
NONE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
COMPANIONS = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database


def copy_out(database: Path, target: Path, progress: Progress) -> None:
    """Write the state that `database` has now to `target`, an empty file: a plain database, without a log."""
    with closing(_opened(database, mode="rw")) as source, closing(_opened(target, mode="rw")) as copy:
        # What is not held is copied from the beginning whenever somebody commits.
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        source.backup(copy, pages=OUT_PAGES, progress=lambda _, left, pages: progress(pages - left, pages))
        source.execute("ROLLBACK")
        # Whoever looks into a backup need not be able to write beside it.
        copy.execute("PRAGMA journal_mode=DELETE")


def pour_in(source: Path, database: Path, *, before: Callable[[], None], progress: Progress) -> None:
    """Let `database` hold what `source` holds, in one transaction.

    `before` is called when nobody can write any more, and the old content is still what everybody reads.
    """
    begun: list[bool] = []

    def step(_: int, left: int, pages: int) -> None:
        if not begun and left < pages:
            begun.append(True)
            before()
        progress(pages - left, pages)

    with closing(_opened(source, mode="ro")) as new, closing(_opened(database, mode="rw")) as live:
        live.execute("PRAGMA journal_mode=WAL")
        live.execute("PRAGMA synchronous=FULL")
        live.execute("BEGIN IMMEDIATE")  # wait for who writes; the next line begins anew, and insists
        live.execute("ROLLBACK")
        new.backup(live, pages=IN_PAGES, progress=step, sleep=0.05)


def drop_companions(path: Path) -> None:
    """Of a file that nobody works with; SQLite would take them for the next one's of that name."""
    for companion in COMPANIONS:
        with suppress(FileNotFoundError):
            Path(f"{path}{companion}").unlink()


@contextmanager
def asking(path: Path) -> Iterator[Ask]:
    """Queries on a file that nobody writes to; nothing is made beside it."""
    with closing(_opened(path, mode="ro&immutable=1")) as session:
        yield lambda query: session.execute(query).fetchall()


def is_database(path: Path) -> bool:
    """Whether its beginning can be read as one; a file without a byte is an empty one.

    Raises sqlite3.Error if it can't be told, as while somebody holds it.
    """
    try:
        with closing(_opened(path, mode="rw")) as session:
            session.execute("SELECT COUNT(*) FROM sqlite_master").fetchall()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in NONE:
            return False
        raise
    return True


def damage(path: Path) -> list[str]:
    """What SQLite finds wrong in the file."""
    try:
        with asking(path) as ask:
            found = [str(row[0]) for row in ask(f"PRAGMA integrity_check({MOST_FAULTS})")]
            found = [] if found == ["ok"] else found
            strays = ask("PRAGMA foreign_key_check")[:MOST_FAULTS]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [
        *found,
        *(f"row {row} of {table} points to no row of {parent}" for table, row, parent, _ in strays),
    ]


def _opened(path: Path, *, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=LONGEST_WAIT, isolation_level=None
    )
