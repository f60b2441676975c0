"""What a row needs before anything can break: a folder, a furnished database, and a server before it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.chaos.writes import Writes
from tests.server import ROOT, Server
from videoai.deploy.local.postgresql import PostgreSQL

DATABASE = "videoai"
WORKERS = 2
MOST_TOLD = 12  # lines of what a server said


class Furnished(NamedTuple):
    """What stands in the database, and how to get in."""

    model_ids: list[str]
    token: str
    passwords: dict[str, str]  # of admins, by name


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="videoai-chaos-") as name:
        # PostgreSQL, which runs as another user where this is root, has to get through.
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def postgresql(place: Path, *, settings: Mapping[str, str] | None = None) -> Iterator[PostgreSQL]:
    """One that runs, with an empty database of ours."""
    server = PostgreSQL.made(place / "postgresql", settings=dict(settings or {}))
    try:
        server.start()
        create_database(server)
        yield server
    finally:
        server.remove()


def create_database(server: PostgreSQL) -> None:
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")


def furnish(url: str) -> Furnished:
    """Migrate the database, and put into it what the load asks for."""
    return Furnished(**json.loads(_told_by("tests.chaos.furnishing", url)))


def broken_promises(url: str, writes: Writes) -> list[str]:
    """What does not hold in the database, after those writes."""
    found: list[str] = json.loads(_told_by("tests.chaos.checking", url, json.dumps(writes.told())))
    return found


def _told_by(module: str, url: str, text: str = "") -> str:
    """What the module prints, in a process that is connected to that database."""
    command = [sys.executable, "-m", module]
    own = {**os.environ, "DATABASE_URL": url}
    done = subprocess.run(command, cwd=ROOT, env=own, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stderr.strip()[-2_000:]}")
    return done.stdout


@contextmanager
def server(url: str, place: Path, *, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """One that runs, and what it says, in `place`."""
    with (place / "server.log").open("ab") as log:
        started = Server(url, workers=WORKERS, environment=environment, stderr=log.fileno())
        with started:
            yield started


def traceback_of(place: Path) -> list[str]:
    """The end of the last traceback that the server told, if there was one."""
    lines = (place / "server.log").read_text(errors="replace").splitlines()
    last = max((number for number, line in enumerate(lines) if line.startswith("Traceback")), default=None)
    return [] if last is None else ["the server said:", *lines[last : last + 60][-MOST_TOLD:]]
