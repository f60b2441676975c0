"""A server with a replica of its own: what comes from where, and what when the replica is gone."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.server import Server
from tests.videoai.replicas.pair import NAME, Pair, pair, until
from videoai.deploy.local.postgresql import PLACES

MOST_LAG = 5
SUMMARY = "usage/summary/?by=model"


class Served:
    def __init__(self, servers: Pair, server: Server, token: str) -> None:
        self.servers, self._server, self._token = servers, server, token
        self.model = str(servers.sql(servers.primary, "SELECT model_id FROM models WHERE is_default"))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        status, _, told = self._sent(method, path, body)
        assert status < 300, (path, told)
        return told

    def _sent(self, method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        connection = self._server.connect(timeout=20)
        try:
            connection.request(method, f"/api/v1/{path}", body and json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())
        finally:
            connection.close()

    def generations(self) -> int:
        return sum(row["generations"] for row in self.ask("GET", SUMMARY)["results"])

    def record(self, name: str) -> None:
        body = {"generation_id": name, "generation_time": 1, "success": True}
        self.ask("POST", f"models/{self.model}/generations/", body)

    def is_writable(self, name: str) -> bool:
        """Never anything worse than a 503 that says when to come again."""
        body = {"generation_id": name, "generation_time": 1, "success": True}
        status, headers, told = self._sent("POST", f"models/{self.model}/generations/", body)
        if status == 503:
            assert headers["Retry-After"] == "1"
            return False
        assert status in {200, 201}, told
        return True

    def description(self) -> str:
        return str(self.ask("GET", f"models/{self.model}/")["description"])

    def describe(self, text: str) -> None:
        self.ask("PATCH", f"models/{self.model}/", {"description": text})


def reads_replica(served: Served) -> bool:
    before = served.servers.asked_of_replica().count("usage_rollups")
    served.generations()
    return served.servers.asked_of_replica().count("usage_rollups") > before


def usage_may_be_behind_while_the_catalogue_and_a_history_never_are(served: Served) -> None:
    servers = served.servers
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


def a_replica_that_is_too_far_behind_is_left_out(served: Served) -> None:
    servers = served.servers
    before = served.generations()
    servers.sql(servers.replica, "SELECT pg_wal_replay_pause()")
    served.record("a generation that is waited for")

    assert served.generations() == before
    until(lambda: served.generations() == before + 1)


def doctor_sees_what_a_replica_lacks(served: Served) -> None:
    servers = served.servers
    settings = {
        "REPLICA_URLS": servers.replica.url(NAME),
        "REPLICA_MOST_LAG_SECONDS": str(MOST_LAG),
        "DJANGO_ALLOW_ASYNC_UNSAFE": "",  # of the tests alone, and told of
    }
    assert "✓ replicas: replica_1 has all that the primary has" in servers.manage("doctor", **settings)
    servers.cut_off_replica()
    time.sleep(MOST_LAG)
    served.record("a generation that never comes")

    assert "! replicas: replica_1 has not what was written now" in servers.manage("doctor", **settings)


def a_replica_that_stands_where_the_primary_does_tells_histories(served: Served) -> None:
    servers = served.servers
    served.describe("Words for the history.")
    servers.wait_until_even()
    before = servers.asked_of_replica().count('FROM "audit_entries"')

    history = served.ask("GET", f"models/{served.model}/history/")["results"]

    assert "Words for the history." in json.dumps(history[0])
    assert servers.asked_of_replica().count('FROM "audit_entries"') > before


def credentials_and_models_are_never_asked_for_at_the_replica(served: Served) -> None:
    servers = served.servers
    reads_replica(served)
    served.description()

    asked = servers.asked_of_replica()
    assert "service_tokens" not in asked
    assert 'FROM "models"' not in asked


def an_export_comes_from_the_replica_and_is_recorded_on_the_primary(served: Served) -> None:
    servers = served.servers
    servers.wait_until_even()
    exports = "SELECT count(*) FROM audit_entries WHERE action = 'exported'"
    before = servers.sql(servers.primary, exports)

    told = servers.manage("export_models", REPLICA_URLS=servers.replica.url(NAME))

    assert 'FROM "rates"' in servers.asked_of_replica()
    assert servers.sql(servers.primary, exports) == before + 1
    assert len(json.loads(told)["models"]) == 3


def doctor_tells_of_a_replica_that_copies_no_more(served: Served) -> None:
    """It has all that it was ever sent, which is not all that there is."""
    servers = served.servers
    assert "✓ replicas: replica_1 has all that the primary has." in examined(servers)

    again = servers.sql(servers.replica, SOURCE)
    servers.sql(servers.replica, "ALTER SYSTEM SET primary_conninfo = ''")
    servers.replica.reload()
    until(lambda: servers.sql(servers.replica, "SELECT count(*) FROM pg_stat_wal_receiver") == 0)
    served.record("a generation that is not copied")

    assert "! replicas: replica_1 has not what was written now" in examined(servers)
    servers.sql(servers.replica, str(again))
    servers.replica.reload()


# Where a replica copies from, as a statement that sets it.
SOURCE = "SELECT format('ALTER SYSTEM SET primary_conninfo = %L', current_setting('primary_conninfo'))"


def examined(servers: Pair) -> str:
    """What doctor says, whatever else is wrong with settings for tests."""
    try:
        return servers.manage("doctor", REPLICA_URLS=servers.replica.url(NAME))
    except subprocess.CalledProcessError as error:
        return str(error.stdout)


def when_the_replica_stops_the_primary_answers(served: Served) -> None:
    servers = served.servers
    before = served.generations()
    servers.replica.stop()

    assert served.generations() == before
    served.record("a generation without a replica")
    assert served.generations() == before + 1


def a_replica_that_hangs_keeps_nobody_for_long(served: Served) -> None:
    servers = served.servers
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


def a_read_that_is_cut_off_in_the_replica_is_read_again(served: Served) -> None:
    servers = served.servers
    before = served.generations()
    with psycopg.connect(servers.replica.url(NAME), autocommit=True) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert served.generations() == before


def a_failover_is_followed(served: Served) -> None:
    """What was acknowledged is there, and the address of both leads to the new primary."""
    servers = served.servers
    before = served.generations()
    servers.wait_until_even()
    servers.primary.stop()
    servers.replica.promote()

    promoted = time.monotonic()
    until(lambda: served.is_writable("a generation after the failover"))

    assert time.monotonic() - promoted < 10
    assert served.generations() == before + 1
    served.describe("Words after the failover.")
    assert served.description() == "Words after the failover."


def begin_even(served: Served) -> None:
    """With a replica that is read from."""
    servers = served.servers
    if not servers.replica.is_running():
        servers.replica.start()
    servers.sql(servers.replica, "SELECT pg_wal_replay_resume()")
    servers.reconnect_replica()
    servers.wait_until_even()
    until(lambda: reads_replica(served))


STORY = [
    usage_may_be_behind_while_the_catalogue_and_a_history_never_are,
    a_replica_that_is_too_far_behind_is_left_out,
    doctor_sees_what_a_replica_lacks,
    a_replica_that_stands_where_the_primary_does_tells_histories,
    credentials_and_models_are_never_asked_for_at_the_replica,
    an_export_comes_from_the_replica_and_is_recorded_on_the_primary,
    a_read_that_is_cut_off_in_the_replica_is_read_again,
    doctor_tells_of_a_replica_that_copies_no_more,
    when_the_replica_stops_the_primary_answers,
    a_replica_that_hangs_keeps_nobody_for_long,
    a_failover_is_followed,
]


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.skipif(not PLACES, reason="PostgreSQL's own programs are not installed")
def test_a_server_reads_from_its_replica_and_outlives_both():
    """One story, for the two databases take longer to make than all of it."""
    with tempfile.TemporaryDirectory(prefix="videoai-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        with pair(folder) as servers, server_of(servers) as served:
            for step in STORY:
                begin_even(served)
                step(served)


@contextmanager
def server_of(servers: Pair) -> Iterator[Served]:
    scopes = ("catalog:read", "catalog:write", "usage:write", "usage:read")
    told = servers.manage("token", "create", "tests", *(f"--scope={scope}" for scope in scopes))
    token = next(word for word in told.split() if word.startswith("vai_"))
    settings = {"REPLICA_URLS": servers.replica.url(NAME), "REPLICA_MOST_LAG_SECONDS": str(MOST_LAG)}
    with Server(servers.url_of_both, workers=1, environment=settings) as server:
        yield Served(servers, server, token)
