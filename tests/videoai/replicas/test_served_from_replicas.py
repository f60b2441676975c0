"""A server with a replica of its own: what comes from where, and what when the replica is gone."""

import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.server import Server
from tests.videoai.replicas.pair import NAME, Pair, pair, until
from videoai.deploy.local.postgresql import PLACES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgresql,
    pytest.mark.skipif(not PLACES, reason="PostgreSQL's own programs are not installed"),
]
MOST_LAG = 5
SUMMARY = "usage/summary/?by=model"


class Served:
    def __init__(self, servers: Pair, server: Server, token: str) -> None:
        self.servers, self._server, self._token = servers, server, token
        self.model = str(servers.sql(servers.primary, "SELECT model_id FROM models WHERE is_default"))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        connection = self._server.connect(timeout=20)
        try:
            connection.request(method, f"/api/v1/{path}", body and json.dumps(body), headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        finally:
            connection.close()
        assert answer.status < 300, (path, told)
        return told

    def generations(self) -> int:
        return sum(row["generations"] for row in self.ask("GET", SUMMARY)["results"])

    def record(self, name: str) -> None:
        body = {"generation_id": name, "generation_time": 1, "success": True}
        self.ask("POST", f"models/{self.model}/generations/", body)

    def description(self) -> str:
        return str(self.ask("GET", f"models/{self.model}/")["description"])

    def describe(self, text: str) -> None:
        self.ask("PATCH", f"models/{self.model}/", {"description": text})


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="videoai-") as folder:
        Path(folder).chmod(0o755)
        with pair(Path(folder)) as servers:
            yield servers


@pytest.fixture(scope="module")
def served(servers: Pair) -> Iterator[Served]:
    scopes = [
        word
        for scope in ("catalog:read", "catalog:write", "usage:write", "usage:read")
        for word in ("--scope", scope)
    ]
    told = servers.manage("token", "create", "tests", *scopes)
    token = next(word for word in told.split() if word.startswith("vai_"))
    settings = {"REPLICA_URLS": servers.replica.url(NAME), "REPLICA_MOST_LAG_SECONDS": str(MOST_LAG)}
    with Server(servers.primary.url(NAME), workers=1, environment=settings) as server:
        yield Served(servers, server, token)


@pytest.fixture(autouse=True)
def even(servers: Pair, served: Served) -> Iterator[None]:
    """Each test begins, and leaves off, with a replica that is read from."""
    yield
    if not servers.replica.is_running():
        servers.replica.start()
    servers.sql(servers.replica, "SELECT pg_wal_replay_resume()")
    servers.wait_until_even()
    until(lambda: reads_replica(served))


def reads_replica(served: Served) -> bool:
    before = served.servers.asked_of_replica().count("usage_rollups")
    served.generations()
    return served.servers.asked_of_replica().count("usage_rollups") > before


def test_usage_may_be_behind_while_the_catalogue_and_a_history_never_are(servers, served):
    assert reads_replica(served)
    before = served.generations()
    servers.sql(servers.replica, "SELECT pg_wal_replay_pause()")

    served.record("a generation that the replica has not seen")
    served.describe("Words that the replica has not seen.")

    assert served.generations() == before
    assert served.description() == "Words that the replica has not seen."
    history = served.ask("GET", f"models/{served.model}/history/")["results"]
    assert "Words that the replica has not seen." in json.dumps(history[0])
    assert served.ask("GET", f"models/{served.model}/stats/")["total_generations"] == before + 1


def test_a_replica_that_is_too_far_behind_is_left_out(servers, served):
    before = served.generations()
    servers.sql(servers.replica, "SELECT pg_wal_replay_pause()")
    served.record("a generation that is waited for")

    assert served.generations() == before
    until(lambda: served.generations() == before + 1)


def test_a_replica_that_stands_where_the_primary_does_tells_histories(servers, served):
    served.describe("Words for the history.")
    servers.wait_until_even()
    before = servers.asked_of_replica().count('FROM "audit_entries"')

    history = served.ask("GET", f"models/{served.model}/history/")["results"]

    assert "Words for the history." in json.dumps(history[0])
    assert servers.asked_of_replica().count('FROM "audit_entries"') > before


def test_credentials_and_models_are_never_asked_for_at_the_replica(servers, served):
    reads_replica(served)
    served.description()

    asked = servers.asked_of_replica()
    assert "service_tokens" not in asked
    assert 'FROM "models"' not in asked


def test_an_export_comes_from_the_replica_and_is_recorded_on_the_primary(servers, tmp_path):
    servers.wait_until_even()
    exports = "SELECT count(*) FROM audit_entries WHERE action = 'exported'"
    before = servers.sql(servers.primary, exports)

    servers.manage("export_models", str(tmp_path / "all.json"), REPLICA_URLS=servers.replica.url(NAME))

    assert 'FROM "rates"' in servers.asked_of_replica()
    assert servers.sql(servers.primary, exports) == before + 1
    assert len(json.loads((tmp_path / "all.json").read_text())["models"]) == 3


def test_when_the_replica_stops_the_primary_answers(servers, served):
    before = served.generations()
    servers.replica.stop()

    assert served.generations() == before
    served.record("a generation without a replica")
    assert served.generations() == before + 1


def test_a_replica_that_hangs_keeps_nobody_for_long(servers, served):
    assert reads_replica(served)
    before = served.generations()
    processes = frozen(servers)
    try:
        started = time.monotonic()
        assert served.generations() == before
        assert time.monotonic() - started < 6

        started = time.monotonic()
        assert served.generations() == before
        assert time.monotonic() - started < 1
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def frozen(servers: Pair) -> list[int]:
    first = int((servers.replica.folder / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    processes = [first, *map(int, children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    return processes


def test_a_read_that_is_cut_off_in_the_replica_is_read_again(servers, served):
    before = served.generations()
    with psycopg.connect(servers.replica.url(NAME), autocommit=True) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert served.generations() == before
