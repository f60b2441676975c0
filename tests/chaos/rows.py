"""The kinds of breakage, each of which runs in a process of its own and can do no other any harm."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.server import ROOT

# By the names that people pick them by; the modules are imported by who runs them.
ROWS = {
    "killing": "tests.chaos.killing",
    "restarting": "tests.chaos.restarting",
    "cut": "tests.chaos.cut",
    "failover": "tests.chaos.failover",
    "redis": "tests.chaos.redis_gone",
    "disk": "tests.chaos.disk_full",
    "backup": "tests.chaos.backing_up",
    "lasting": "tests.chaos.lasting",
}
HEAD = ("test", "must show", "shown", "")
WIDTHS = (34, 40, 60)


class Outcome(NamedTuple):
    """What became of one row. Without `shown` it could not run, and `faults` say why."""

    title: str
    must_show: str
    shown: str
    faults: list[str]

    @property
    def sign(self) -> str:
        if not self.shown:
            return "–"
        return "✗" if self.faults else "✓"


def outcome_of(module: str, *, quick: bool) -> Outcome:
    """Run the row in another process, which this one waits for even when it is interrupted."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        command = [
            sys.executable,
            "-m",
            "tests.chaos.one",
            module,
            str(told),
            *(["--quick"] if quick else []),
        ]
        process = subprocess.Popen(command, cwd=ROOT, env=environment(os.environ))
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.wait()  # it was interrupted, too, and takes away what it has made
            raise
        if not told.exists():
            return Outcome(module, "", "ended", [f"{module} ended with {status} and told nothing."])
        return Outcome(**json.loads(told.read_text()))


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Nothing that somebody set for another database, and commits that wait for the disk."""
    return {name: value for name, value in given.items() if name != "DATABASE_URL"} | {"PGOPTIONS": ""}


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """In Markdown that a terminal shows well, too; what is long goes on in the next line."""
    lines = [_line(HEAD), _line(["-" * width for width in (*WIDTHS, 1)])]
    for outcome in outcomes:
        cells = [outcome.title, outcome.must_show, outcome.shown or "could not run"]
        wrapped = [_wrapped(cell, width) for cell, width in zip(cells, WIDTHS, strict=True)]
        for number in range(max(map(len, wrapped))):
            row = [column[number] if number < len(column) else "" for column in wrapped]
            lines.append(_line([*row, outcome.sign if number == 0 else ""]))
    return lines


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, (*WIDTHS, 1), strict=True))} |"


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
