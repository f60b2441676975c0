"""The production server in processes of its own, to be measured or killed."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from django.db import connection

from videoai.deploy.local.processes import free_port, running

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds that a start may take on a busy machine
SERVE = (sys.executable, "-m", "videoai.serve")


class NotStarted(RuntimeError):
    """The server ended, or did not answer in time."""


def database_url() -> str:
    """Of the database that Django is connected to, here in the tests."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    credentials = ":".join(filter(None, (settings["USER"], settings["PASSWORD"])))
    hosts, ports = settings["HOST"].split(","), str(settings["PORT"] or 5432).split(",")
    places = ",".join(f"{host}:{ports[place % len(ports)]}" for place, host in enumerate(hosts))
    wanted = settings["OPTIONS"].get("target_session_attrs")
    query = f"?target_session_attrs={wanted}" if wanted else ""
    return f"postgres://{credentials}@{places}/{settings['NAME']}{query}"


class Server:
    """`python -m videoai.serve` on a free port of this machine; it keeps its port when it starts again.

    Another `command` gets the port for the word `{port}`, and is up when it answers `ready` with 200; it runs
    in `folder`.
    """

    def __init__(
        self,
        database_url: str,
        *,
        workers: int,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = SERVE,
        ready: str = "/healthz/",
        stderr: int | None = None,
        folder: Path = ROOT,
    ) -> None:
        self.port = free_port()
        self.database_url, self.workers = database_url, workers
        self._command = [word.replace("{port}", str(self.port)) for word in command]
        self._ready, self._stderr, self._folder = ready, stderr, folder
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "WORKERS": str(workers),
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Returns when it answers."""
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            start_new_session=True,
        )
        try:
            self._wait_until_it_answers(self._process)
        except BaseException:  # whoever interrupts the wait is told of no server that they could end
            self.kill()
            raise

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted("The server does not start; its own words stand above.")
            time.sleep(0.1)

    def kill(self) -> None:
        """All its processes at once, in the middle of whatever they do; returns when the last has gone."""
        if self._process is not None:
            with suppress(ProcessLookupError):  # it may have ended by itself
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            deadline = time.monotonic() + PATIENCE
            while self.processes() and time.monotonic() < deadline:  # one of them may still hold the port
                time.sleep(0.01)
            self._process = None

    def terminate(self) -> None:
        """Tell it to end."""
        assert self._process is not None
        self._process.terminate()

    def end(self) -> None:
        """As an operator does it; returns when it has ended."""
        self.terminate()
        assert self._process is not None
        self._process.wait(PATIENCE)
        self.kill()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, *, timeout: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def processes(self) -> list[int]:
        """The ids of its processes: the one that listens to signals, and those that answer requests."""
        assert self._process is not None
        group = self._process.pid
        return [pid for pid, known in running().items() if known.group == group]

    def command_line(self) -> list[str]:
        """Of the one that listens to signals: what `videoai.serve` became, with all its options."""
        assert self._process is not None
        words = Path(f"/proc/{self._process.pid}/cmdline").read_text()
        return words.rstrip("\0").split("\0")

    def _answers(self) -> bool:
        connection = self.connect(timeout=5)
        try:
            connection.request("GET", self._ready)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
