"""This machine: room on its disks, files that a process may hold open, programs that are needed one day."""

import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from videoai.backup import programs
from videoai.backup.errors import BackupRefused
from videoai.doctor.finding import Finding, doubtful, fine, wrong

GIB = 1 << 30
LITTLE, LEAST = 0.10, 0.02  # of a disk
OTHER_FILES = 256  # that a process opens beside its streams and connections


def room() -> Iterator[Finding]:
    for place in _places():
        usage = shutil.disk_usage(place)
        share = usage.free / max(usage.total, 1)
        told = f"{usage.free / GIB:.1f} GiB of {usage.total / GIB:.1f} are free at {place}"
        remedy = (
            "Make room: a full disk refuses all writes. `maintain_usage` drops what is past its retention."
        )
        if share < LEAST:
            yield wrong(told, remedy)
        elif share < LITTLE and usage.free < 10 * GIB:
            yield doubtful(told, remedy)
        else:
            yield fine(told)


def size_of_database() -> Iterator[Finding]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
    yield fine(f"the database takes {size / GIB:.2f} GiB on its server, whose disk can't be seen from here")


def file_descriptors() -> Iterator[Finding]:
    """The server raises the limit as far as it may."""
    if not settings.EDGE:
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.EDGE_STREAMS + OTHER_FILES
    number = "any number of" if most == resource.RLIM_INFINITY else f"{most:,}"
    told = f"a process may hold {number} files open"
    if most != resource.RLIM_INFINITY and most < needed:
        remedy = f"Raise the hard limit to {needed:,} (LimitNOFILE, ulimit -Hn), or lower EDGE_STREAMS."
        yield doubtful(f"{told}, and {settings.EDGE_STREAMS:,} live streams need one each", remedy)
    else:
        yield fine(told)


def dump_program() -> Iterator[Finding]:
    if connection.vendor != "postgresql":
        yield fine("SQLite needs no program for it")
        return
    try:
        server = connection.get_database_version()[0]
    except DatabaseError:
        server = 0
    try:
        for name in ("pg_dump", "pg_restore"):
            program = programs.found(name, server=server)
    except BackupRefused as refused:
        yield doubtful("no backup can be taken from here", str(refused))
    else:
        yield fine(f"{program.path.parent} has what it takes, of PostgreSQL {program.version}")


def _places() -> list[Path]:
    """Where SQLite's file lies, and what else is written on this machine."""
    wanted = [settings.BASE_DIR / "var"]
    if connection.vendor == "sqlite":
        wanted.insert(0, Path(str(connection.settings_dict["NAME"])).parent)
    there = [place.resolve() for place in wanted if place.is_dir()] or [Path.cwd()]
    return list({place.stat().st_dev: place for place in reversed(there)}.values())
