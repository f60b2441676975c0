"""The file of SQLite is locked, replaced or removed; nothing old is believed, and the loop never waits."""

import asyncio
import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.videoai.edge import loops
from videoai.edge.freshness.reading import Change, Freshness, Silent
from videoai.edge.freshness.sqlite import SQLite

pytestmark = pytest.mark.sqlite

INSERT = "INSERT INTO catalogue_revision (id, epoch, revision) VALUES (1, 'e', 7)"


@pytest.fixture
def path(db: None, tmp_path: Path) -> Path:
    """A database of the test's own, with the tables of the real one."""
    path = tmp_path / "own.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE name IN ('models', 'catalogue_revision', 'catalogue_stamps')"
        )
        tables = [sql for (sql,) in cursor.fetchall()]
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        for statement in [*tables, INSERT]:
            made.execute(statement)
        made.commit()
    return path


def write(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as session:
        for statement in statements:
            session.execute(statement)
        session.commit()


def run(path: Path, scenario: Any) -> None:
    async def whole() -> None:
        known = Freshness(SQLite(path))
        changes: list[Change] = []
        known.listen(changes.append)
        await known.read()
        changes.clear()
        try:
            await scenario(known, changes)
        finally:
            known.close()

    loops.run_in_real_time(whole())


def test_a_commit_of_another_process_is_in_the_next_reading(path):
    async def scenario(known: Freshness, changes: list[Change]) -> None:
        for revision in range(8, 30):
            write(path, f"UPDATE catalogue_revision SET revision = {revision}")
            assert (await known.read()).revision == revision

    run(path, scenario)


def test_a_file_that_was_moved_there_is_another_one(path):
    async def scenario(known: Freshness, changes: list[Change]) -> None:
        backup = path.with_name("backup")
        with closing(sqlite3.connect(path)) as session, closing(sqlite3.connect(backup)) as copy:
            session.backup(copy)
        backup.rename(path)
        await known.read()
        assert [change.models for change in changes] == [None]

    run(path, scenario)


def test_so_is_a_backup_of_the_same_number_that_was_written_into_it(path):
    async def scenario(known: Freshness, changes: list[Change]) -> None:
        with closing(sqlite3.connect(path)) as session, closing(sqlite3.connect(":memory:")) as copy:
            session.backup(copy)
            session.execute("UPDATE catalogue_revision SET revision = 8")
            session.commit()
            copy.backup(session)
        await known.read()
        assert [change.models for change in changes] == [None]

    run(path, scenario)


def test_one_that_is_gone_is_told_and_found_again(path):
    async def scenario(known: Freshness, changes: list[Change]) -> None:
        away = path.with_name("away")
        path.rename(away)
        for _ in range(2):
            with pytest.raises(Silent):
                await known.read()
        assert not path.exists()
        away.rename(path)
        assert (await known.read()).revision == 7

    run(path, scenario)


def test_a_log_that_was_removed_hides_nothing(path):
    """Whoever opens the database now writes into a new one."""

    async def scenario(known: Freshness, changes: list[Change]) -> None:
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink()
        write(path, "UPDATE catalogue_revision SET revision = 8")
        assert (await known.read()).revision == 8

    run(path, scenario)


def hold(path: Path, held: Any, let_go: Any) -> None:
    """In another process: nobody else may read."""
    session = sqlite3.connect(path, timeout=10)
    session.execute("PRAGMA locking_mode=EXCLUSIVE")
    session.execute("UPDATE catalogue_revision SET revision = 8")
    session.commit()
    held.set()
    let_go.wait(30)
    session.close()


@pytest.fixture
def held(path: Path) -> Iterator[Any]:
    """Locked by another process until it is let go."""
    spawn = multiprocessing.get_context("spawn")
    is_held, let_go = spawn.Event(), spawn.Event()
    holder = spawn.Process(target=hold, args=(path, is_held, let_go), daemon=True)
    holder.start()
    assert is_held.wait(30)
    yield let_go
    let_go.set()
    holder.join()


def test_one_that_is_locked_keeps_those_who_wait_but_not_the_loop(path, held):
    async def scenario() -> None:
        known = Freshness(SQLite(path))
        loop = asyncio.get_running_loop()
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.001)
                turns += 1

        turning = loop.create_task(turn())
        loop.call_later(0.3, held.set)
        begun = time.monotonic()
        assert (await known.read()).revision == 8
        assert time.monotonic() - begun >= 0.3
        assert turns > 20
        turning.cancel()
        known.close()

    loops.run_in_real_time(scenario())


@pytest.mark.slow
def test_for_long_it_is_told(path, held):
    async def scenario() -> None:
        known = Freshness(SQLite(path))
        begun = time.monotonic()
        with pytest.raises(Silent):
            await known.read()
        assert time.monotonic() - begun < 3
        held.set()
        await known.read()
        known.close()

    loops.run_in_real_time(scenario())
