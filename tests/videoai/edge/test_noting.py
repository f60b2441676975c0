"""What the edge answers by itself is counted and told as what Django answers is."""

import asyncio
import json
from typing import Any

import pytest

from tests.videoai.edge import loops
from tests.videoai.edge.standin import Asker, StandIn, detail
from videoai.edge.application import is_answered_anyway
from videoai.edge.behind.threads import Threads
from videoai.edge.noting import RECORDING, Noting
from videoai.edge.ready.addresses import Kind
from videoai.edge.ready.answers import Answer
from videoai.observing.access import NOBODY

REQUESTS, READS = "videoai_http_requests_total", "videoai_edge_requests_total"
MODEL = "/api/v1/models/{model_id}/"


def answer(status: int = 200, request_id: str = "r-1", body: bytes = b"{}") -> Answer:
    return Answer(status, [(b"etag", b"x"), (b"x-request-id", request_id.encode())], body)


def flushed(noting: Noting) -> None:
    """As long as it takes in a running server."""

    async def wait() -> None:
        noting.wake()
        await asyncio.sleep(0.1)

    loops.run(wait())


def test_ready_answers_are_told_in_bulk(told, counted):
    noting = Noting()
    noting.notes += [
        (Kind.DETAIL, "GET", answer(request_id="r-1"), 0.001, NOBODY, True),
        (Kind.DETAIL, "HEAD", answer(request_id="r-2"), 0.001, NOBODY, True),
        (Kind.DETAIL, "GET", answer(304, "r-3", b""), 0.001, NOBODY, True),
        (Kind.LIST, "GET", answer(200, "r-4"), 0.001, NOBODY, False),
    ]

    flushed(noting)

    lines = [json.loads(line) for line in told]
    assert [line["request_id"] for line in lines] == ["r-1", "r-2", "r-3", "r-4"]
    assert [line["bytes"] for line in lines] == [2, 0, 0, 2]
    assert {line["answered_by"] for line in lines} == {"edge"}
    assert lines[0]["route"] == MODEL
    assert counted(REQUESTS, MODEL, "GET", "200", "edge") == 1
    assert counted(REQUESTS, MODEL, "GET", "304", "edge") == 1
    assert (counted(READS, "hit"), counted(READS, "miss")) == (3, 1)
    assert counted("videoai_http_response_bytes_total", "edge") == 4
    assert noting.notes == []


def test_recordings_are_told_with_who_sent_them(told, counted):
    noting = Noting()
    noting.notes += [
        (RECORDING, "POST", answer(201, "r-1"), 0.001, 'ci "x"', False),
        (RECORDING, "POST", answer(200, "r-2"), 0.001, "ci", False),
    ]

    flushed(noting)

    assert [json.loads(line)["actor"] for line in told] == ['ci "x"', "ci"]
    assert counted("videoai_recordings_total", "new") == 1
    assert counted("videoai_recordings_total", "duplicate") == 1
    assert counted(READS, "hit") == 0


def test_counting_goes_on_without_the_log(told, counted, settings):
    settings.ACCESS_LOG = "django"
    noting = Noting()
    noting.notes.append((Kind.LIST, "GET", answer(), 0.001, NOBODY, True))

    flushed(noting)

    assert told == []
    assert counted(READS, "hit") == 1


def test_what_can_not_be_counted_keeps_nobody_from_an_answer(monkeypatch, caplog):
    noting = Noting()
    noting.notes.append((Kind.LIST, "GET", answer(), 0.001, NOBODY, True))
    monkeypatch.setattr(noting, "_route", lambda kind: 1 / 0)

    noting.flush()

    assert "1 answers could not be counted" in caplog.text
    assert noting.notes == []


def test_each_read_is_noted_once_whoever_made_the_answer(told, counted):
    stand_in = StandIn()
    stand_in.put("a/b")
    asker = Asker(stand_in)

    for _ in range(3):
        assert asker.get(detail("a/b")) is not None
    assert asker.get(detail("a/never")) is None
    asker.edge._noting.flush()

    statuses: list[Any] = [json.loads(line)["status"] for line in told]
    assert statuses == [200, 200, 200, 404]
    assert (counted(READS, "hit"), counted(READS, "miss")) == (2, 2)
    assert counted(REQUESTS, MODEL, "GET", "404", "edge") == 1


def test_a_read_that_is_still_being_made_is_a_miss_once_it_is_answered(counted, monkeypatch):
    """Others are answered, and counted, meanwhile."""
    stand_in = StandIn()
    stand_in.put("a/b")
    asker = Asker(stand_in)
    made = asker.edge._made

    async def made_slowly(*asked: Any) -> Answer | None:
        asker.edge._noting.flush()
        return await made(*asked)

    monkeypatch.setattr(asker.edge, "_made", made_slowly)
    asker.get(detail("a/b"))
    asker.edge._noting.flush()

    assert (counted(READS, "hit"), counted(READS, "miss")) == (0, 1)


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/healthz/"])
def test_some_are_answered_while_all_threads_wait_for_the_database(path):
    assert is_answered_anyway({"path": path, "headers": [(b"host", b"localhost")]})


@pytest.mark.parametrize("name", [b"authorization", b"cookie"])
def test_but_not_who_has_to_be_looked_up_in_it(name):
    assert not is_answered_anyway({"path": "/metrics", "headers": [(name, b"x")]})


def test_readiness_is_told_while_all_threads_that_write_wait_for_a_lock():
    stand_in, waiting = StandIn(), StandIn()
    asker = Asker(stand_in)
    asker.edge._behind = Threads(waiting, asker.pool)

    asker.get("/readyz/")
    asker.get("/demo/")

    assert (stand_in.asked, waiting.asked) == (["/readyz/"], ["/demo/"])
