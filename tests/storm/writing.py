"""A writer in a process of its own: statements in, a word after each commit out.

`psql` does it for PostgreSQL; `python -m tests.storm.writing URL` for either engine.
"""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

import psycopg

from tests.server import ROOT

DONE = "done"


class Writer:
    """`write` returns when the statement is committed, and not a moment earlier."""

    def __init__(self, command: list[str], *, end: str) -> None:
        self._end = end
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def write(self, statement: str) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(statement + self._end)
        self._process.stdin.flush()
        if self._process.stdout.readline().strip() != DONE:
            raise RuntimeError(f"Not committed: {statement}")


def python(url: str) -> Writer:
    return Writer([sys.executable, "-m", "tests.storm.writing", url], end="\n")


def shell(url: str) -> Writer:
    """The engine's own shell, where there is one; otherwise another process of Python's."""
    if not url.startswith("postgres") or shutil.which("psql") is None:
        return python(url)
    options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    return Writer(["psql", url, *options], end=f";\n\\echo {DONE}\n")


def executing(url: str) -> Callable[[str], object]:
    """What executes one statement and commits it."""
    if url.startswith("postgres"):
        return psycopg.connect(url, autocommit=True).execute
    return sqlite3.connect(urlsplit(url).path.removeprefix("/"), timeout=30, isolation_level=None).execute


def main() -> None:
    execute = executing(sys.argv[1])
    for line in sys.stdin:
        execute(line)
        print(DONE, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
