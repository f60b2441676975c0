"""Programs of this machine, as ordinary processes: found, run, and given ports that nobody has."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import NamedTuple

# Below those that clients are given, which end up in use at any moment.
PORTS = (15_000, 32_000)
# Where Debian keeps programs of root's, which other people's PATH often leaves out.
SYSTEM = (Path("/usr/sbin"), Path("/sbin"))
PATIENCE = 60.0  # seconds that a start may take on a busy machine
PROCESSES = Path("/proc")
_chance = SystemRandom()


class NotInstalled(RuntimeError):
    """A program is missing; says how to get it."""


class Failed(RuntimeError):
    """A program ended with an error, which is told."""


def program(name: str, *, package: str, places: Sequence[Path] = SYSTEM) -> Path:
    """Where `name` is. Raises NotInstalled, with Debian's `package` that has it."""
    found = shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ.get("PATH", "")]))
    if found is None:
        raise NotInstalled(f"There is no {name} here. On Debian and Ubuntu: apt-get install {package}")
    return Path(found)


def run(
    command: Sequence[str | Path],
    *,
    user: str | None = None,
    cwd: Path = Path("/"),
    environment: Mapping[str, str] | None = None,
) -> str:
    """What the command says, as `user` if one is given. Raises Failed, with what it complained of."""
    done = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, text=True, user=user, cwd=cwd, env=environment
    )
    if done.returncode:
        raise Failed(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def free_port() -> int:
    """A port of loopback on which nobody listens at the moment."""
    while True:
        port = _chance.randrange(*PORTS)
        if not listens(port):
            return port


def listens(port: int) -> bool:
    """Does somebody, on loopback?"""
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))


class Known(NamedTuple):
    """What the system knows of a process."""

    parent: int
    group: int


def running() -> dict[int, Known]:
    """All processes by their ids, but those that have ended and only wait to be asked how."""
    found = {}
    for entry in PROCESSES.iterdir():
        with suppress(OSError):  # it has just ended
            if entry.name.isdigit():
                # Behind the name, which may hold anything, blanks and brackets, too.
                state, parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                if state not in "ZX":
                    found[int(entry.name)] = Known(int(parent), int(group))
    return found


class Process:
    """A program that stays, at home in `folder`: its words stand in a file there.

    It has a group of its own, so that Ctrl-C does not reach it, and a signal all that it has started.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._command, self._ready, self._environment = command, ready, environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    def start(self) -> None:
        """Returns at once; `wait` tells when it answers."""
        self.folder.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self._command,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Returns when it answers. Raises Failed, with its last words."""
        until = time.monotonic() + PATIENCE
        while not self._ready():
            if not self.is_running() or time.monotonic() > until:
                self.kill()
                raise Failed(f"{Path(self._command[0]).name} does not start: {self._last_words()}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Of the first of its processes, which is that of their group. It has been started."""
        assert self._process is not None  # noqa: S101 - told to the type checker
        return self._process.pid

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask_to_end(self) -> None:
        """Returns at once."""
        if self._process is not None:
            self._process.terminate()

    def stop(self, *, patience: float = 10) -> None:
        """As an operator does it; whatever has not ended by then is killed."""
        if self._process is None:
            return
        self.ask_to_end()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self.kill()

    def kill(self) -> None:
        """All its processes at once, in the middle of whatever they do."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):  # they may have ended by themselves
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        # Those that it had started hold its port until they are gone, too.
        while any(known.group == self.pid for known in running().values()):
            time.sleep(0.005)

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace").strip()[-2_000:] or "it said nothing."
