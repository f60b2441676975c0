"""The app itself, `python -m videoai.serve`, and its commands."""

import http.client
import sys
from collections.abc import Mapping
from pathlib import Path

from videoai.deploy.local.processes import Process, free_port, run

ROOT = Path(__file__).resolve().parents[3]


class App(Process):
    """One server with its processes; it keeps its port for life."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        # At home in its own folder, the app has to be told where its code is.
        place = {"HOST": "127.0.0.1", "PORT": str(self.port), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "videoai.serve"]
        super().__init__(command, folder=folder, ready=self._answers, environment={**environment, **place})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def manage(*arguments: str, environment: Mapping[str, str]) -> str:
    """What a command of `manage.py` says. Raises Failed."""
    return run([sys.executable, ROOT / "manage.py", *arguments], environment=environment, cwd=ROOT)
