"""Looking at SQLite: its own counter of commits first, the row of the revision only when that has moved."""

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from videoai.edge.freshness.reading import MOST_CHANGES, Silent, State, Touched

LOOK_SQL = "SELECT epoch, revision FROM catalogue_revision WHERE id = 1"
OPEN_SQL = """
    SELECT r.epoch, r.revision, ({next_turn}), m.id, m.model_id FROM catalogue_revision AS r
    LEFT JOIN models AS m ON m.is_active WHERE r.id = 1
"""
TOUCHED_SQL = """
    SELECT r.epoch, r.revision, ({next_turn}), s.kind, s.row_id, m.model_id, m.is_active
    FROM catalogue_revision AS r
    LEFT JOIN catalogue_stamps AS s ON s.revision > ?
    LEFT JOIN models AS m ON s.kind = 'models' AND m.id = s.row_id
    WHERE r.id = 1 LIMIT ?
"""
NEVER_WRITTEN = ("", 0)
# Readers hardly ever wait in WAL mode; and if so, the event loop must not.
RETRY_SECONDS = 0.02
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Busy(Silent):
    """Somebody holds the whole file, for the moment."""


class SQLite:
    """One connection of the event loop's thread to the file at `path`. A look takes microseconds.

    `next_turn` is a query for the moment at which something is due, or null. This machine's clock is the
    database's.
    """

    def __init__(self, path: Path, *, next_turn: str = "SELECT NULL") -> None:
        self._path, self._log = path, Path(f"{path}-wal")
        self._open_sql = OPEN_SQL.format(next_turn=next_turn)
        self._touched_sql = TOUCHED_SQL.format(next_turn=next_turn)
        self._turn = math.inf  # seconds since 1970
        self._connection: sqlite3.Connection | None = None
        self._files = (0, 0)
        self._commits = -1
        self._state: State | None = None

    async def open(self) -> tuple[State, dict[int, str]]:
        while True:
            self.close()
            try:
                return self._opened()
            except Busy:
                await asyncio.sleep(RETRY_SECONDS)

    def _opened(self) -> tuple[State, dict[int, str]]:
        try:
            # Opened for writing, because only a writer may tidy up after one that was killed.
            self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, timeout=0)
            self._connection.isolation_level = None
            rows = self._rows(self._open_sql)
            self._files = _files(self._path, self._log)
        except (sqlite3.Error, OSError) as error:
            raise Silent(str(error)) from None
        self._state, self._turn = self._read_as_state(rows), _turn(rows)
        return self._told(self._state), {row[3]: row[4] for row in rows if row[3] is not None}

    def look(self, done: Callable[[State | Silent], None]) -> None:
        if self._state is None:
            raise Silent("There is no connection.")
        try:
            if _files(self._path, self._log) != self._files:
                raise Silent("The file was replaced.")
            ((commits,),) = self._rows("PRAGMA data_version")
            if commits != self._commits:
                self._state = self._read_as_state(self._rows(LOOK_SQL))
                self._commits = commits
        except OSError as error:
            raise Silent(str(error)) from None
        done(self._told(self._state))

    async def touched(self, since: State) -> tuple[State, list[Touched]]:
        rows = self._rows(self._touched_sql, since.revision, MOST_CHANGES + 1)
        self._state, self._turn = self._read_as_state(rows), _turn(rows)
        found = [row[3:] for row in rows if row[3] is not None]
        return self._told(self._state), [
            Touched(kind, row_id, model_id, bool(is_active)) for kind, row_id, model_id, is_active in found
        ]

    def _told(self, state: State) -> State:
        return state._replace(is_due=True) if time.time() >= self._turn else state

    def close(self) -> None:
        connection, self._connection = self._connection, None
        self._state, self._commits = None, -1
        if connection is not None:
            connection.close()

    def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        if self._connection is None:
            raise Silent("There is no connection.")
        try:
            with closing(self._connection.execute(sql, parameters)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            is_busy = getattr(error, "sqlite_errorcode", 0) & 0xFF in BUSY
            raise (Busy if is_busy else Silent)(str(error)) from None

    def _read_as_state(self, rows: list[Any]) -> State:
        epoch, revision = rows[0][:2] if rows else NEVER_WRITTEN
        # It moves, too, when a backup is written into the file.
        ((schema,),) = self._rows("PRAGMA schema_version")
        return State(f"{self._files}:{schema}", epoch, revision, "")


def _turn(rows: list[Any]) -> float:
    """In seconds since 1970; never, if there is none."""
    text = rows[0][2] if rows else None
    return datetime.fromisoformat(f"{text}+00:00").timestamp() if text else math.inf


def _files(path: Path, log: Path) -> tuple[int, int]:
    """Which files stand there: a backup that was moved to `path` is another one.

    Who opens the database after its log was removed writes into a new one, of which we would never hear.
    """
    try:
        return path.stat().st_ino, log.stat().st_ino
    except FileNotFoundError:
        return path.stat().st_ino, 0
