"""What callers see when the database goes, hangs and comes back: the truth or 503, and soon."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple

import psycopg
import pytest
from django.db import connection

from tests.factories import AIModelFactory, service_token
from tests.server import Server
from tests.videoai.edge.databases import address_of_tests
from tests.videoai.edge.proxy import Proxy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql, pytest.mark.slow]

LONGEST = 3.0  # seconds from when somebody asks until he is told
DETAIL, LIST = "/api/v1/models/acme/one/", "/api/v1/models/"
GENERATIONS = f"{DETAIL}generations/"
RECORDED = {"generation_id": "g", "generation_time": 1, "success": True}


class Told(NamedTuple):
    status: int
    kind: str
    body: Any
    seconds: float


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    AIModelFactory(model_id="acme/one", name="before")
    settings = connection.settings_dict
    with Proxy((settings["HOST"], int(settings["PORT"] or 5432))) as proxy:
        yield proxy


@pytest.fixture
def server(proxy: Proxy) -> Iterator[Server]:
    with Server(address_of_tests(port=proxy.port), workers=1) as server:
        yield server


def ask(server: Server, path: str, *, method: str = "GET", body: Any = None, token: str = "") -> Told:
    begun = time.monotonic()
    http = server.connect()
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        http.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = http.getresponse()
        read = response.read()
        kind = response.getheader("content-type", "")
        told = json.loads(read) if "json" in kind else read
        return Told(response.status, kind, told, time.monotonic() - begun)
    finally:
        http.close()


def rename(name: str) -> None:
    with psycopg.connect(address_of_tests(), autocommit=True) as session:
        session.execute("UPDATE models SET name = %s", [name])


def eventually(ask: Callable[[], Told]) -> Told:
    """What is answered once it is no longer 503."""
    deadline = time.monotonic() + 15
    while (told := ask()).status == 503:
        assert time.monotonic() < deadline
    return told


def all_at_once(calls: list[Callable[[], Told]]) -> list[Told]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def callers(server: Server) -> list[Callable[[], Told]]:
    """Of what is ready, of what is not, and of what only Django answers, more than it has threads."""
    token = service_token("usage:write").text
    return [
        *[lambda: ask(server, DETAIL)] * 4,
        *[lambda n=n: ask(server, f"{LIST}?page_size={n}") for n in range(1, 7)],
        *[lambda: ask(server, GENERATIONS, method="POST", body=RECORDED, token=token)] * 8,
        *[lambda: ask(server, "/readyz/")] * 2,
    ]


def test_a_database_that_is_swallowed_up_is_told_within_three_seconds_and_never_answered_from_memory(
    server, proxy
):
    asking = callers(server)
    assert ask(server, DETAIL).body["name"] == "before"
    proxy.swallow()
    rename("after")

    for _ in range(2):
        told = all_at_once(asking)
        assert {(one.status, one.kind) for one in told} == {(503, "application/problem+json")}
        assert {one.body["code"] for one in told} == {"unavailable"}
        assert max(one.seconds for one in told) < LONGEST
    assert ask(server, "/healthz/").status == 200  # though others still wait for the database
    proxy.restore()
    assert eventually(lambda: ask(server, DETAIL)).body["name"] == "after"
    assert eventually(asking[-3]).status in {200, 201}


def test_one_that_refuses_is_told_and_found_again(server, proxy):
    assert ask(server, DETAIL).status == 200
    proxy.refuse()
    rename("after")

    told = all_at_once(callers(server))
    assert {(one.status, one.kind) for one in told} == {(503, "application/problem+json")}
    assert max(one.seconds for one in told) < LONGEST
    proxy.restore()
    assert eventually(lambda: ask(server, DETAIL)).body["name"] == "after"


def test_connections_that_are_cut_under_load_cost_nobody_a_wrong_answer(server, proxy):
    seen: list[tuple[int, str]] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            told = ask(server, DETAIL)
            seen.append((told.status, told.body.get("name", told.body.get("code"))))

    readers = [threading.Thread(target=read, daemon=True) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(20):
        proxy.cut()
        rename(f"name {number}")
        told = eventually(lambda: ask(server, DETAIL))
        assert told.body["name"] == f"name {number}"
    is_over.set()
    for reader in readers:
        reader.join(LONGEST * 2)

    assert {status for status, _ in seen} <= {200, 503}
    assert {status for status, _ in seen} >= {200}


def test_a_locked_table_keeps_only_those_waiting_who_need_it(server):
    assert ask(server, DETAIL).status == 200
    with psycopg.connect(address_of_tests()) as session, ThreadPoolExecutor(1) as pool:
        session.execute("LOCK TABLE models")
        waits = pool.submit(ask, server, f"{LIST}?page_size=7")
        told = [ask(server, DETAIL) for _ in range(50)]
        assert {one.status for one in told} == {200}
        assert max(one.seconds for one in told) < 1
        assert not waits.done()
        session.rollback()
        assert waits.result().status == 200


def test_a_killed_worker_is_replaced_and_takes_nobody_along(proxy):
    with Server(address_of_tests(port=proxy.port), workers=2) as server:
        assert ask(server, DETAIL).status == 200
        before = set(server.processes())
        os.kill(max(before), signal.SIGKILL)
        rename("after")

        deadline, name = time.monotonic() + 30, ""
        while not name or set(server.processes()) <= before:
            assert time.monotonic() < deadline
            with suppress(OSError):  # it was on its way to the one that died
                name = ask(server, DETAIL).body["name"]
                assert name == "after"
