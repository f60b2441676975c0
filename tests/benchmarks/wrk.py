"""`wrk` drives the servers: it takes less of the machine than any client in Python, and counts exactly."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
SCRIPTS = Path(__file__).with_name("scripts")
ONE_PATH = SCRIPTS / "one_path.lua"


class WrongAnswers(Exception):
    """What was measured is not what was meant to be."""


@dataclass(frozen=True)
class Run:
    """What one run of wrk counted."""

    requests: int
    microseconds: int
    bytes: int  # of heads and bodies
    p99: float  # µs
    failures: int  # statuses from 400 on, and connections that broke

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests * 1e6 / self.microseconds

    @property
    def size(self) -> float:
        """Bytes of an answer, its head included."""
        return self.bytes / max(1, self.requests)


def refuse_to_miss() -> None:
    """Exit with a sentence for people when there is no wrk."""
    if not shutil.which("wrk"):
        sys.exit("wrk is missing, which drives the servers. On Debian and Ubuntu: apt-get install wrk")


def command(
    url: str,
    *,
    seconds: int = 1,
    connections: int = CONNECTIONS,
    headers: Mapping[str, str] | None = None,
    script: Path = ONE_PATH,
) -> list[str]:
    """wrk's own clock knows whole seconds only."""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", "-s", str(script)]
    for name, value in (headers or {}).items():
        words += ["-H", f"{name}: {value}"]
    return [*words, url]


def environment(**more: str) -> dict[str, str]:
    """In which scripts find each other."""
    return {**os.environ, "LUA_PATH": f"{SCRIPTS}/?.lua;;", **more}


def finished(words: list[str], **more: str) -> Run:
    """Run it, with `more` in its environment. Raises WrongAnswers as `read` does."""
    done = subprocess.run(words, env=environment(**more), capture_output=True, text=True, check=False)
    return read(done.stdout, said=done.stderr, asked=words[-1])


def read(output: str, *, said: str, asked: str) -> Run:
    """What `counted.lua` printed last. Raises WrongAnswers for any failure, and when there is no answer."""
    try:
        run = Run(**json.loads(output.splitlines()[-1]))
    except (ValueError, IndexError, TypeError):
        raise WrongAnswers(f"wrk counted nothing at {asked}: {said or output}") from None
    if run.failures or not run.requests:
        raise WrongAnswers(f"{asked}: {run.failures:,} failures beside {run.requests:,} answers.")
    return run
