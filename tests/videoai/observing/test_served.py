"""A real server of two processes: each of them answers for both, and nothing that was logged is lost."""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server import Server, database_url
from videoai.observing.server import FOLDER
from videoai.observing.sharing import Folder, added

REQUESTS = 20


def get(server: Server, path: str) -> bytes:
    """Over a connection of its own, which either process may take; one that was killed may not answer."""
    connection = server.connect(timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        return response.read()
    finally:
        connection.close()


def scraped(server: Server) -> dict[str, float]:
    families = text_string_to_metric_families(get(server, "/metrics").decode())
    told: dict[str, float] = {}
    for family in families:
        for sample in family.samples:
            if sample.labels.get("route", "/healthz/") == "/healthz/":
                told[sample.name] = told.get(sample.name, 0) + sample.value
    return told


def told_the_others(server: Server, name: str) -> float:
    """What all processes have written down by now; a kill takes what one has counted since."""
    variables = Path(f"/proc/{server.processes()[0]}/environ").read_text().split("\0")
    folder = Folder(Path(dict(one.split("=", 1) for one in variables if one)[FOLDER]))
    return sum(
        value for key, value in added(folder.others()).items() if key[0] == name and "/healthz/" in key[1:]
    )


def settled(server: Server, name: str, expected: float) -> float:
    """The number, once each process has told the others; within seconds."""
    deadline, found = time.monotonic() + 30, -1.0
    while found != expected and time.monotonic() < deadline:
        with suppress(OSError):  # whoever was killed may have had the connection
            found = scraped(server).get(name, -1.0)  # a process that has told nobody has counted none
        time.sleep(0.2)
    return found


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_processes_answer_as_one_and_lose_no_line(tmp_path: Path):
    log = tmp_path / "log"
    told: dict[str, Any] = {"ACCESS_LOG": "all", "LOG_FORMAT": "json", "LOG_LEVEL": "INFO"}
    with (
        log.open("wb") as file,
        Server(database_url(), workers=2, environment=told, stderr=file.fileno()) as server,
    ):
        for _ in range(REQUESTS):
            get(server, "/healthz/")
        asked = settled(server, "videoai_http_requests_total", REQUESTS + 1)  # and one by the start
        assert asked >= REQUESTS
        assert settled(server, "videoai_workers", 2) == 2

        deadline = time.monotonic() + 30
        while told_the_others(server, "videoai_http_requests_total") != asked:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        victim = max(server.processes())
        os.kill(victim, signal.SIGKILL)
        assert settled(server, "videoai_workers", 2) == 2
        assert settled(server, "videoai_http_requests_total", asked) == asked
        server.end()

    lines = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert sum(line.get("route") == "/healthz/" for line in lines) == asked
