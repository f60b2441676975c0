"""A backup is taken while everybody writes, and restored elsewhere."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.chaos.load import Load
from tests.chaos.shown import Say, Shown
from tests.chaos.stage import DATABASE, broken_promises, folder, furnish, postgresql, server
from tests.chaos.writes import Writes
from tests.server import ROOT

TITLE = "backup under write load, restored elsewhere"
MUST_SHOW = "equal counts, default, chain"

SECONDS, QUICK_SECONDS = 10.0, 1.0  # of load before, between and after
BACKUPS, QUICK_BACKUPS = 5, 1
ELSEWHERE = "elsewhere"
# The restored database has a name of its own, by which it is told from the one that was taken.
OF_ITS_OWN = {"epoch"}


def run(*, quick: bool, say: Say) -> Shown:
    seconds, backups = (QUICK_SECONDS, QUICK_BACKUPS) if quick else (SECONDS, BACKUPS)
    shown = []
    with folder() as place:
        lite = place / "sqlite"
        lite.mkdir()
        urls = [f"sqlite:///{lite}/{name}.sqlite3" for name in (DATABASE, ELSEWHERE)]
        shown.append(_on("SQLite", *urls, place=lite, seconds=seconds, backups=backups, say=say))
        with postgresql(place) as primary:
            with primary.connect() as connection:
                connection.execute(f"CREATE DATABASE {ELSEWHERE}")
            urls = [primary.url(name) for name in (DATABASE, ELSEWHERE)]
            shown.append(_on("PostgreSQL", *urls, place=place, seconds=seconds, backups=backups, say=say))
    return Shown("; ".join(one.figures for one in shown), [fault for one in shown for fault in one.faults])


def _on(
    engine: str, url: str, elsewhere: str, *, place: Path, seconds: float, backups: int, say: Say
) -> Shown:
    """Several backups one after the other, each restored over the one before."""
    furnished = furnish(url)
    faults: list[str] = []
    taken: list[tuple[Path, int]] = []  # with how many writes had been answered before
    with server(url, place) as served, Load(served, furnished) as load:
        for number in range(backups):
            time.sleep(seconds)
            path = place / f"backup-{number}"
            before = len(load.writes.sent)
            say(f"{engine}: {_command('backup', path, url=url)}")
            taken.append((path, before))
        time.sleep(seconds)
        load.end()
    faults += load.all_faults(place)
    for path, before in taken:
        _command("restore", path, "--yes", "--no-keep", url=elsewhere)
        faults += _differences(path, elsewhere, place / "again")
        faults += broken_promises(elsewhere, _as_of(load.writes, before))
    rows = _contents(taken[-1][0])["counts"]
    figures = (
        f"{engine}: {len(load.writes.sent):,} writes, {backups} taken meanwhile, the last with "
        f"{rows['generations']:,} generations and {rows['audit_entries']:,} entries"
    )
    return Shown(figures, [f"{engine}: {fault}" for fault in faults])


def _as_of(writes: Writes, before: int) -> Writes:
    """What a backup has to hold: whatever was acknowledged before it began; the rest it may."""
    sent = [(write, good and number < before) for number, (write, good) in enumerate(writes.sent)]
    return Writes(sent)


def _differences(backup: Path, elsewhere: str, again: Path) -> list[str]:
    """Between what was taken, and what is taken of the database that it was restored into."""
    _command("backup", again, "--yes", url=elsewhere)
    expected, found = _with_the_restore(_contents(backup)), _numbered(_contents(again))
    names = expected.keys() - OF_ITS_OWN
    return [
        f"{name}: {expected[name]} was taken, {found[name]} restored"
        for name in sorted(names)
        if expected[name] != found[name]
    ]


def _with_the_restore(contents: Mapping[str, Any]) -> dict[str, Any]:
    """With the one entry of the restore itself, which ends the book of access in a digest of its own."""
    counts, heads = dict(contents["counts"]), _numbered(contents)["anchors"]
    counts["audit_entries"] += 1
    counts["audit_heads"] += "access" not in heads
    number, _ = heads.get("access", (0, ""))
    return {**contents, "counts": counts, "anchors": {**heads, "access": (number + 1, "")}}


def _numbered(contents: Mapping[str, Any]) -> dict[str, Any]:
    """With the anchors by their book: number and digest, but for the digest that a restore makes."""
    anchors = (anchor.split(":") for anchor in contents["anchors"])
    ends = {book: (int(number), "" if book == "access" else digest) for book, number, digest in anchors}
    return {**contents, "anchors": ends}


def _contents(backup: Path) -> Mapping[str, Any]:
    manifest = json.loads(backup.with_name(f"{backup.name}.manifest.json").read_text())
    contents: dict[str, Any] = manifest["contents"]
    return contents


def _command(*words: str | Path, url: str) -> str:
    """The last line of what a command says. Raises RuntimeError when it fails."""
    command = [sys.executable, "manage.py", *map(str, words)]
    own = {**os.environ, "DATABASE_URL": url}
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stderr.strip()[-1_000:]}")
    return done.stdout.strip().rpartition("\n")[2]
