"""The processes of one server tell each other their numbers: any of them can answer for all.

Each writes its own into a file of a private folder, once a second, and holds a lock as long as it lives. What
one that died has counted still counts; what it held, such as streams, does not.
"""

import fcntl
import json
import logging
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from videoai.observing.metrics import METRICS, Kind, Numbers, Tallies

logger = logging.getLogger(__name__)

SECONDS = 1.0
SECONDS_TO_START = 60.0
PREFIX = f"videoai-metrics-{os.getuid() if hasattr(os, 'getuid') else 0}-"
SERVER, GONE, FOLDING = "server.lock", "gone", "folding.lock"


class Folder:
    """Numbers of processes, by the name that each has given itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._lock: int | None = None

    def publish(self, numbers: Numbers) -> None:
        """Raises OSError."""
        if self._lock is None:
            # Before the numbers: who reads them without a lock takes this process for a dead one.
            self._lock = _locked(self._path / f"{self._name}.lock")
        _write(self._path / f"{self._name}.json", [[*key, value] for key, value in numbers.items()])

    def others(self) -> list[Numbers]:
        """Of those that live; and what all that died have counted, as one more."""
        found, died = [], []
        for file in sorted(self._path.glob("*-*.json")):
            if file.stem == self._name:
                continue
            numbers = _read(file)
            if numbers is None:
                continue  # folded into the others at this moment
            if _is_held(file.with_suffix(".lock")):
                found.append(numbers)
            else:
                died.append((file, numbers))
        return [*found, self._fold(died)]

    def _fold(self, died: list[tuple[Path, Numbers]]) -> Numbers:
        """Keep what the dead have counted in one file, so that there are never many."""
        gone = self._path / f"{GONE}.json"
        with _alone(self._path / FOLDING):
            kept = _read_gone(gone)
            new = [(file, numbers) for file, numbers in died if file.stem not in kept.names and file.exists()]
            if new:
                kept = _Gone(
                    {*kept.names, *(file.stem for file, _ in new)},
                    added([kept.numbers, *(counters(numbers) for _, numbers in new)]),
                )
                kept.write(gone)
            for file, _ in died:
                for left in (file, file.with_suffix(".lock")):
                    left.unlink(missing_ok=True)
        return kept.numbers


class _Gone:
    """`names` are counted in already, though their files may still be there."""

    def __init__(self, names: set[str], numbers: Numbers) -> None:
        self.names, self.numbers = names, numbers

    def write(self, file: Path) -> None:
        _write(file, [sorted(self.names), [[*key, value] for key, value in self.numbers.items()]])


def _read_gone(file: Path) -> _Gone:
    try:
        names, rows = json.loads(file.read_text())
    except (OSError, ValueError):
        return _Gone(set(), {})
    return _Gone(set(names), _numbers(rows))


def counters(numbers: Numbers) -> Numbers:
    """What stays true of a process that has ended."""
    return {
        key: value
        for key, value in numbers.items()
        if key[0] in METRICS and METRICS[key[0]].kind is not Kind.GAUGE
    }


def added(all_numbers: list[Numbers]) -> Numbers:
    total: Numbers = {}
    for numbers in all_numbers:
        for key, value in numbers.items():
            total[key] = total.get(key, 0) + value
    return total


# --- Of one server ---------------------------------------------------------------------------------------


class Sharing:
    """The numbers of this process, and of its siblings if there is a folder."""

    def __init__(self, tallies: Tallies, path: str | None) -> None:
        self._tallies = tallies
        self._folder = Folder(Path(path)) if path else None
        self._is_failing = False

    def start(self) -> None:
        if self._folder is not None:
            threading.Thread(target=self._run, name="metrics", daemon=True).start()

    def numbers(self) -> Numbers:
        """Of all processes of this server, as they were a second ago; this one's as they are."""
        own = self._tallies.snapshot()
        if self._folder is None:
            return own
        try:
            return added([own, *self._folder.others()])
        except OSError as error:
            self._fail(error)
            return own

    def _run(self) -> None:
        while True:
            self.publish()
            time.sleep(SECONDS)

    def publish(self) -> None:
        if self._folder is None:
            return
        try:
            self._folder.publish(self._tallies.snapshot())
        except OSError as error:
            self._fail(error)
        else:
            self._is_failing = False

    def _fail(self, error: OSError) -> None:
        if not self._is_failing:
            logger.warning("Metrics can't be shared between processes: %s", error.strerror)
        self._is_failing = True


def make_folder() -> str | None:
    """A folder for a server that is about to start; None where none can be made.

    Whoever holds its lock is that server: the lock outlives `exec`, and ends with the process. Folders of
    servers that have ended are removed.
    """
    place = Path(tempfile.gettempdir())
    try:
        for old in place.glob(f"{PREFIX}*"):
            if _is_left_over(old):
                shutil.rmtree(old, ignore_errors=True)
        folder = tempfile.mkdtemp(prefix=PREFIX, dir=place)
        os.set_inheritable(_locked(Path(folder) / SERVER), True)
    except OSError:
        return None
    return folder


def _is_left_over(folder: Path) -> bool:
    """Ours, and of a server that has ended; one that is young may be about to take its lock."""
    found = folder.stat()
    is_old = time.time() - found.st_mtime > SECONDS_TO_START
    return found.st_uid == os.getuid() and is_old and not _is_held(folder / SERVER)


# --- Files -----------------------------------------------------------------------------------------------


def _locked(path: Path) -> int:
    """A descriptor whose lock lasts as long as it is open, here or in what this process becomes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = _locked(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _write(file: Path, value: object) -> None:
    """Whole or not at all, whoever is killed meanwhile."""
    draft = file.with_suffix(f".{os.getpid()}.new")
    try:
        draft.write_text(json.dumps(value, separators=(",", ":")))
        draft.replace(file)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _read(file: Path) -> Numbers | None:
    try:
        return _numbers(json.loads(file.read_text()))
    except (OSError, ValueError):
        return None


def _numbers(rows: list[list[object]]) -> Numbers:
    return {tuple(map(str, row[:-1])): float(str(row[-1])) for row in rows}
