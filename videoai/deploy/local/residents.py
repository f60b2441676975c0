"""A folder whose processes end with whoever made it, even if that one is killed.

Whatever has its working directory in the folder belongs to it: what was started there, and what somebody
started by hand there later.

`python -m videoai.deploy.local.residents FOLDER [keep]` waits until its input ends, and clears the folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from videoai.deploy.local.app import ROOT
from videoai.deploy.local.processes import PROCESSES, running

PATIENCE = 5.0  # seconds that they have to end in order


def residents(folder: Path) -> list[int]:
    """The processes whose working directory is in `folder`, or was, when that is gone."""
    home = folder.resolve()
    found = []
    for entry in PROCESSES.iterdir():
        with suppress(OSError):  # it is another user's, or has just ended
            if entry.name.isdigit() and (entry / "cwd").readlink().is_relative_to(home):
                found.append(int(entry.name))
    return found


def evict(folder: Path) -> None:
    """End all of them: in order, or else by force."""
    # Like Ctrl-C: PostgreSQL would take SIGTERM for leave to wait until its clients are done.
    _signal(_masters(residents(folder)), signal.SIGINT)
    until = time.monotonic() + PATIENCE
    while residents(folder) and time.monotonic() < until:
        time.sleep(0.05)
    while left := residents(folder):
        _signal(left, signal.SIGKILL)
        time.sleep(0.05)


def _masters(pids: list[int]) -> list[int]:
    """Those that no other one of them has started: they end their own in the right order."""
    known = running()
    return [pid for pid in pids if pid in known and known[pid].parent not in pids]


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def inhabited(folder: Path, *, keep: bool = False) -> Iterator[Path]:
    """`folder`, whose residents end with this block or this process; it goes, too, unless it is to `keep`.

    Somebody stands by outside of this process and of its group: neither Ctrl-C nor kill -9 reaches both.
    """
    words = [sys.executable, "-m", "videoai.deploy.local.residents", str(folder), *(["keep"] if keep else [])]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True) as standing_by:  # noqa: S603
        assert standing_by.stdin is not None  # noqa: S101 - it is a pipe; told to the type checker
        try:
            yield folder
        finally:
            standing_by.stdin.close()
            standing_by.wait()


def main() -> None:
    folder, is_kept = Path(sys.argv[1]), sys.argv[2:] == ["keep"]
    sys.stdin.read()
    evict(folder)
    if not is_kept:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
