"""The disk of the database is full, or takes no writes any more, while everybody asks for everything."""

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psycopg

from tests.chaos.load import ALL, Load
from tests.chaos.shown import Say, Shown
from tests.chaos.small_disk import SmallDisk, mounted
from tests.chaos.stage import (
    DATABASE,
    Furnished,
    broken_promises,
    create_database,
    folder,
    furnish,
    server,
)
from tests.server import Server
from videoai.deploy.local.postgresql import PostgreSQL
from videoai.deploy.local.processes import Failed

TITLE = "disk full, read-only file system (small tmpfs)"
MUST_SHOW = "503, reads go on, change and audit row together or neither"

SECONDS, QUICK_SECONDS = 8.0, 1.0  # of each state of the disk
RECOVERY = 10.0  # seconds
READS = ("read of the edge", "read of Django")
WRITES = frozenset({"recording", "batch", "change", "default", "quote", "sign-in"})
PIECES = 200  # of one megabyte, more than the small disk holds


class Stage(NamedTuple):
    """What is filled, and how long each state lasts."""

    place: Path
    seconds: float
    say: Say


def run(*, quick: bool, say: Say) -> Shown:
    with folder() as place:
        stage = Stage(place, QUICK_SECONDS if quick else SECONDS, say)
        seen = [on_sqlite(stage), on_postgresql(stage)]
    return Shown("; ".join(one.figures for one in seen), [fault for one in seen for fault in one.faults])


# --- SQLite ----------------------------------------------------------------------------------------------


def on_sqlite(stage: Stage) -> Shown:
    with mounted(stage.place / "sqlite", megabytes=24) as disk:
        url = f"sqlite:///{disk.place}/videoai.sqlite3"
        furnished = furnish(url)
        with server(url, stage.place) as served, Load(served, furnished) as load:
            faults = _filled(disk, load, stage)
            load.end()
            # A crash leaves SQLite's log behind; without it, nobody can open the file who may not write.
            served.kill()
            faults += load.all_faults(stage.place)
            faults += _read_only(disk, served, furnished, stage)
        faults += broken_promises(url, load.writes)
    return Shown(f"SQLite: {_told(load)}", [f"SQLite: {fault}" for fault in faults])


def _filled(disk: SmallDisk, load: Load, stage: Stage) -> list[str]:
    """Reads go on while it is full; when there is room again, all does."""
    time.sleep(stage.seconds)
    load.excused = WRITES
    disk.fill()
    stage.say(f"{disk.place.name} is full")
    reads = load.seconds_until_well(READS, since=time.monotonic())
    time.sleep(stage.seconds)
    refused = load.number(503)
    disk.make_room()
    stage.say(f"there is room again; {refused} answers were 503")
    seconds = load.seconds_until_well(load.kinds, since=time.monotonic())
    load.excused = ()
    time.sleep(stage.seconds)
    return [*_late(reads, "while it is full"), *_late(seconds, "with room again"), *_never_refused(refused)]


def _read_only(disk: SmallDisk, served: Server, furnished: Furnished, stage: Stage) -> list[str]:
    disk.turn_read_only()
    try:
        served.start()
        with Load(served, furnished, excused=WRITES) as load:
            stage.say("read-only")
            reads = load.seconds_until_well(READS, since=time.monotonic())
            time.sleep(stage.seconds)
        served.kill()
    finally:
        disk.turn_writable()
    faults = [*load.all_faults(stage.place), *_late(reads, "on a read-only file system")]
    if load.writes.acknowledged:
        faults.append(f"{load.writes.acknowledged} writes were acknowledged on a read-only file system")
    return [*faults, *_never_refused(load.number(503))]


# --- PostgreSQL ------------------------------------------------------------------------------------------


def on_postgresql(stage: Stage) -> Shown:
    """First its tables have no room, then its log, without which it can't go on at all."""
    with (
        mounted(stage.place / "tables", megabytes=120) as tables,
        mounted(stage.place / "log", megabytes=120) as log,
    ):
        primary = PostgreSQL.made(tables.place / "postgresql", settings=SETTINGS)
        _move_log(primary, log.place)
        try:
            primary.start()
            create_database(primary)
            url = primary.url(DATABASE)
            furnished = furnish(url)
            with server(url, stage.place) as served, Load(served, furnished) as load:
                faults = _filled(tables, load, stage)
                faults += _without_log(primary, log, load, stage)
                faults += _unwritable(primary, tables, load, stage)
                load.end()
            faults += [*load.all_faults(stage.place), *broken_promises(url, load.writes)]
        finally:
            primary.remove()
    return Shown(f"PostgreSQL: {_told(load)}", [f"PostgreSQL: {fault}" for fault in faults])


SETTINGS = {"min_wal_size": "'32MB'", "max_wal_size": "'64MB'", "logging_collector": "off"}


def _move_log(primary: PostgreSQL, place: Path) -> None:
    standing, moved = primary.folder / "pg_wal", place / "pg_wal"
    shutil.move(standing, moved)
    standing.symlink_to(moved)
    for path in (moved, *moved.rglob("*")):
        shutil.chown(path, primary.folder.owner(), primary.folder.group())


def _without_log(primary: PostgreSQL, log: SmallDisk, load: Load, stage: Stage) -> list[str]:
    """It stops rather than acknowledge what it can't keep; nothing is proven fresh without it."""
    load.excused = ALL
    log.fill()
    _use_up(primary)
    state = "dies and tries again" if primary.is_running() else "has stopped"
    stage.say(f"the log is full; PostgreSQL {state}")
    time.sleep(stage.seconds)
    log.make_room()
    if primary.is_running():
        primary.stop("immediate")
    return _back(primary, load, stage, "after its log got room")


def _unwritable(primary: PostgreSQL, tables: SmallDisk, load: Load, stage: Stage) -> list[str]:
    """As after a crash of a machine that mounts a damaged file system: it does not even start."""
    load.excused = ALL
    primary.stop("immediate")
    tables.turn_read_only()
    try:
        with suppress(Failed):
            primary.start()
        stage.say(f"read-only; PostgreSQL {'runs' if primary.is_running() else 'does not start'}")
        time.sleep(stage.seconds)
    finally:
        tables.turn_writable()
    return _back(primary, load, stage, "on a file system that takes writes again")


def _back(primary: PostgreSQL, load: Load, stage: Stage, when: str) -> list[str]:
    primary.start()
    seconds = load.seconds_until_well(load.kinds, since=time.monotonic())
    load.excused = ()
    time.sleep(stage.seconds)
    return _late(seconds, when)


def _use_up(primary: PostgreSQL) -> None:
    """The files of the log that it keeps ready; it dies of the one for which there is no room."""
    with suppress(psycopg.Error), primary.connect() as connection:
        for _ in range(PIECES):
            connection.execute("SELECT pg_logical_emit_message(false, 'chaos', repeat('x', 1000000))")


def _told(load: Load) -> str:
    return (
        f"{load.answers.total():,} answers, {load.number(503):,} of them 503, "
        f"{load.number_of_faults} faults, "
        f"{load.writes.acknowledged:,} acknowledged writes"
    )


def _late(seconds: dict[str, float], when: str) -> list[str]:
    late = sorted(kind for kind, one in seconds.items() if one > RECOVERY)
    return [f"{', '.join(late)}: not well within {RECOVERY:.0f} s {when}"] if late else []


def _never_refused(refused: int) -> list[str]:
    """Whoever fills a disk and sees no write refused has not filled it."""
    return [] if refused else ["no write was refused, so nothing is shown"]
