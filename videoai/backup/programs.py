"""PostgreSQL's own programs: found, told where the database is without showing a password, and run."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import pq
from psycopg.conninfo import make_conninfo

from videoai.backup.errors import BackupRefused
from videoai.postgresql_programs import ROOT, places

VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
PACKAGE = "On Debian and Ubuntu: apt-get install postgresql-client"
LEFT_OUT = {"password", "dbname", "application_name"}  # told in another way
MOST_TOLD = 2_000  # characters of what a program complains of


class ProgramFailed(RuntimeError):
    """A program ended with an error, which is told."""


class Program(NamedTuple):
    path: Path
    version: int


class Place(NamedTuple):
    """Where a database is, as libpq's programs take it: `conninfo` may be seen by all, `secrets` not."""

    conninfo: str
    secrets: dict[str, str]


def place_of(parameters: Mapping[str, Any], *, database: str) -> Place:
    """`parameters` are psycopg's, as Django makes them of its settings."""
    if parameters.get("sslpassword"):
        raise BackupRefused(
            "sslpassword stands in the database's OPTIONS, and can't be handed to PostgreSQL's programs "
            "without being shown to every process. Use a key without one, readable by its owner only."
        )
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - LEFT_OUT
    given = {name: value for name, value in parameters.items() if name in known and value is not None}
    password = parameters.get("password")
    return Place(
        make_conninfo("", **given, dbname=database), {"PGPASSWORD": str(password)} if password else {}
    )


def found(name: str, *, server: int) -> Program:
    """The oldest `name` that is not older than a server of that version, as in 15.

    Raises BackupRefused: an older program would not know all that the server can hold.
    """
    programs = sorted(all_of(name), key=lambda program: program.version)
    for program in programs:
        if program.version >= server:
            return program
    if programs:
        newest = programs[-1]
        raise BackupRefused(
            f"{newest.path} is of PostgreSQL {newest.version}, and the server of {server}. Install {name} of "
            f"version {server} or newer. {PACKAGE}-{server}"
        )
    raise BackupRefused(f"There is no {name} here, on PATH or in {ROOT}. {PACKAGE}")


def all_of(name: str) -> Iterator[Program]:
    on_path = shutil.which(name)
    kept = [place / name for place in places() if (place / name).exists()]
    for path in [*([Path(on_path)] if on_path else []), *kept]:
        told = VERSION.search(_run([path, "--version"], {}))
        if told:
            yield Program(path, int(told[1]))


def run(program: Program, arguments: Sequence[str | Path], *, at: Place | None = None) -> str:
    """What it says. Raises ProgramFailed with what it complains of."""
    where = [f"--dbname={at.conninfo}"] if at else []
    return _run([program.path, *where, *arguments], at.secrets if at else {})


def _run(command: Sequence[str | Path], secrets: Mapping[str, str]) -> str:
    # Whatever else the environment sets would be meant for us, such as a shorter patience.
    kept = {name: value for name, value in os.environ.items() if name != "PGOPTIONS"}
    environment = {**kept, **secrets, "LC_MESSAGES": "C"}
    done = subprocess.run(  # noqa: S603 - our own words, no shell
        command, check=False, capture_output=True, text=True, errors="replace", env=environment
    )
    if done.returncode:
        name = Path(command[0]).name
        told = " ".join((done.stderr or done.stdout).split())[:MOST_TOLD].removeprefix(f"{name}: ")
        raise ProgramFailed(f"{name}: {told or f'ended with {done.returncode}'}")
    return done.stdout
