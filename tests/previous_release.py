"""The previous release's own tests, on the schema as it is now: while we roll out, that release runs on it.

The previous release is the newest tag such as v1.2.0 behind us. A database is migrated by the code that
stands here; the tests of that tag get copies of it. Arguments go to pytest, as in `-k quote`.
"""

import io
import os
import secrets
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from venv import EnvBuilder

from tests import newer_schema
from tests.benchmarks import database

HERE = Path(__file__).resolve().parent.parent
PINS = "requirements-dev.txt"
# What takes its database to other migrations knows only those of its own release.
LEFT_OUT = "not migrates"


def main(arguments: Sequence[str]) -> int:
    """The exit status; 0 if there is no previous release."""
    tag = previous_release(HERE)
    if tag is None:
        say("No release stands before this one (no tag such as v1.2.0 in this clone): nothing to check.")
        return 0
    say(f"The tests of {tag}, on the schema as it is now.")
    with tempfile.TemporaryDirectory(prefix="previous-release-") as name:
        folder = Path(name)
        release = unpacked(tag, folder / "release")
        with migrated(folder) as settings:
            status = run_tests(release, python_for(release, folder), settings, arguments)
    say(f"{tag} {'goes on working' if status == 0 else 'would NOT go on working'} on this schema.")
    return status


def previous_release(repository: Path) -> str | None:
    """The newest tag behind HEAD; HEAD's own, if what stands here has moved on from it."""
    moved_on = bool(git(repository, "status", "--porcelain", "--untracked-files=all").strip())
    behind = [] if moved_on else ["--no-contains", "HEAD"]
    order = ["-c", "versionsort.suffix=-"]  # v1.2.0-rc1 comes before v1.2.0
    told = git(
        repository, *order, "tag", "--list", "v[0-9]*", "--merged", "HEAD", *behind, "--sort=-v:refname"
    )
    return next(iter(told.decode().split()), None)


def unpacked(tag: str, folder: Path) -> Path:
    """The files of the tag, without a trace in this repository."""
    with tarfile.open(fileobj=io.BytesIO(git(HERE, "archive", "--format=tar", tag))) as archive:
        archive.extractall(folder, filter="data")
    return folder


@contextmanager
def migrated(folder: Path) -> Iterator[dict[str, str]]:
    """What that release's tests are told of a database which the code here has migrated."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        file = folder / "ready.sqlite3"
        migrate(f"sqlite:///{file}")
        yield {"DATABASE_URL": "", newer_schema.READY: str(file)}
        return
    name = f"{urlsplit(server).path.strip('/')}_ready_{os.getpid()}"
    with database.made(name, beside=database.address_of("postgres", beside=server), keep=False):
        migrate(database.address_of(name, beside=server))
        theirs = database.address_of(f"{name}_old", beside=server)
        yield {"DATABASE_URL": theirs, newer_schema.READY: name}


def migrate(address: str) -> None:
    environment = {"DATABASE_URL": address, "SECRET_KEY": secrets.token_urlsafe(48)}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"]
    if subprocess.run(command, cwd=HERE, env={**os.environ, **environment}, check=False).returncode:
        sys.exit("An empty database could not be migrated, so there is no schema to try.")


def python_for(release: Path, folder: Path) -> str:
    """Ours, if that release pins the same packages; else one with its own."""
    if (release / PINS).read_bytes() == (HERE / PINS).read_bytes():
        return sys.executable
    say("It pins other packages: installing them…")
    EnvBuilder(with_pip=True).create(folder / "venv")
    python = str(folder / "venv/bin/python")
    quietly = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([python, "-m", "pip", "install", *quietly, "-r", release / PINS], check=True)
    return python


def run_tests(release: Path, python: str, settings: dict[str, str], arguments: Sequence[str]) -> int:
    plugins = release.parent / "plugins"
    plugins.mkdir()
    shutil.copy(newer_schema.__file__, plugins)
    environment = {**os.environ, **settings, "PYTHONPATH": str(plugins)}
    at_once = ["--numprocesses", "auto", "--maxprocesses", "4"]
    command = [python, "-m", "pytest", "-p", Path(newer_schema.__file__).stem, "-m", LEFT_OUT, *at_once]
    return subprocess.run([*command, *arguments], cwd=release, env=environment, check=False).returncode


def git(repository: Path, *arguments: str) -> bytes:
    """What git answers. Exits with what it says, if it refuses."""
    done = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
