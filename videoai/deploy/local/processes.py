"""Programs of this machine, as ordinary processes: found, run, and given ports that nobody has."""

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

# Below those that clients are given, which end up in use at any moment.
PORTS = (15_000, 32_000)
_chance = SystemRandom()


class NotInstalled(RuntimeError):
    """A program is missing; says how to get it."""


class Failed(RuntimeError):
    """A program ended with an error, which is told."""


def program(name: str, *, package: str, places: Sequence[Path] = ()) -> Path:
    """Where `name` is. Raises NotInstalled, with Debian's `package` that has it."""
    found = shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ.get("PATH", "")]))
    if found is None:
        raise NotInstalled(f"There is no {name} here. On Debian and Ubuntu: apt-get install {package}")
    return Path(found)


def run(command: Sequence[str | Path], *, user: str | None = None) -> str:
    """What the command says, as `user` if one is given. Raises Failed, with what it complained of."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, user=user, cwd="/")  # noqa: S603
    if done.returncode:
        raise Failed(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def free_port() -> int:
    """A port of loopback on which nobody listens at the moment."""
    while True:
        port = _chance.randrange(*PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
