"""What the edge says when there is no answer: in the words of a problem, with one line and one count."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from tests.videoai.edge import loops
from tests.videoai.edge.standin import StandIn
from videoai.edge.application import Edge
from videoai.edge.behind import threads as behind
from videoai.edge.behind.threads import Django, Request, Threads
from videoai.edge.freshness.reading import Freshness, Silent
from videoai.edge.requests import Headers, Message
from videoai.observing.once import ONCE, Once
from videoai.wsgi import application

REQUESTS, ROUTE = "videoai_http_requests_total", "/healthz/"
# With a token, which Django alone can judge.
HEADERS: Headers = [(b"host", b"localhost"), (b"authorization", b"Bearer x"), (b"x-request-id", b"r-7")]


class Late:
    """Django, which answers when it is let go."""

    def __init__(self) -> None:
        self.let_go, self.has_answered = threading.Event(), threading.Event()

    def answer(self, request: Request) -> Any:
        self.let_go.wait(10)
        request.scope["raw_path"] = ROUTE.encode()
        answer = Django(application).answer(request)
        self.has_answered.set()
        return answer


class Failing:
    """Fails as nobody has foreseen, before an answer or in the midst of it."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    def answer(self, request: Request) -> Any:
        return 200, [], self._failing()

    def _failing(self) -> Any:
        yield from self.pieces
        raise ZeroDivisionError


def edge_before(django: Any, pulse: Any = None) -> Edge:
    def threads(behind: Any) -> Threads:
        return Threads(behind, ThreadPoolExecutor(1), pulse=pulse)

    return Edge(
        freshness=Freshness(StandIn()),
        behind=threads(django),
        makers=threads(StandIn()),
        alive=threads(StandIn()),
        cache_bytes=1_000,
    )


async def whole() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def asked(
    edge: Edge, path: str = "/healthz-", headers: Headers = HEADERS, receive: Any = whole
) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": b"", "headers": list(headers), "client": ("127.0.0.1", 1)}
    await edge({**scope, "scheme": "http", "http_version": "1.1"}, receive, send)
    return sent


def assert_is_server_error(sent: list[Message]) -> None:
    start, body = sent
    headers = dict(start["headers"])
    assert (start["status"], headers[b"content-type"]) == (500, b"application/problem+json")
    assert b"retry-after" not in headers
    problem = json.loads(body["body"])
    assert (problem["code"], problem["status"], problem["request_id"]) == ("server_error", 500, "r-7")
    assert headers[b"x-request-id"] == b"r-7"


async def dead() -> None:
    raise Silent("gone")


def test_an_answer_that_comes_too_late_is_neither_told_nor_counted(told, counted, monkeypatch):
    monkeypatch.setattr(behind, "PULSE_SECONDS", 0.01)
    late = Late()

    async def scenario() -> list[Message]:
        sent = await asked(edge_before(late, pulse=dead))
        late.let_go.set()
        await asyncio.to_thread(late.has_answered.wait, 10)
        return sent

    start, _ = loops.run_in_real_time(scenario())

    assert start["status"] == 503
    (line,) = map(json.loads, told)
    assert (line["status"], line["answered_by"], line["request_id"]) == (503, "edge", "r-7")
    assert counted(REQUESTS, ROUTE, "GET", "200", "django") == 0


def test_an_answer_in_vain_is_told_as_such(told, counted):
    late = Late()

    async def scenario() -> None:
        messages = iter([{"type": "http.request", "body": b""}, {"type": "http.disconnect"}])

        async def receive() -> Message:
            return next(messages)

        asyncio.get_running_loop().call_later(0.1, late.let_go.set)
        await asked(edge_before(late), receive=receive)

    loops.run_in_real_time(scenario())

    (line,) = map(json.loads, told)
    assert (line["status"], line["answered_by"], line["request_id"]) == (499, "django", "r-7")
    assert counted(REQUESTS, ROUTE, "GET", "499", "django") == 1


def test_who_leaves_before_all_is_sent_is_told_once(told, counted):
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    headers = [*HEADERS, (b"content-length", b"5")]
    sent = loops.run_in_real_time(asked(edge_before(StandIn()), headers=headers, receive=receive))

    assert sent == []
    (line,) = map(json.loads, told)
    assert (line["status"], line["answered_by"], line["request_id"]) == (499, "edge", "r-7")
    assert counted(REQUESTS, "unknown", "GET", "499", "edge") == 1


def test_one_that_is_in_time_is_told_by_django(told, counted):
    late = Late()
    late.let_go.set()

    start, _ = loops.run_in_real_time(asked(edge_before(late)))

    assert start["status"] == 200
    (line,) = map(json.loads, told)
    assert (line["status"], line["answered_by"]) == (200, "django")
    assert counted(REQUESTS, ROUTE, "GET", "200", "django") == 1


def test_who_tells_is_whoever_comes_first(told, counted):
    once = Once()
    assert once.take()

    Client().get(ROUTE, **{ONCE: once})

    assert told == []
    assert counted(REQUESTS, ROUTE, "GET", "200", "django") == 0


def test_what_nobody_has_foreseen_is_a_problem_with_its_line_and_its_count(told, counted, caplog):
    sent = loops.run_in_real_time(asked(edge_before(Failing())))

    assert_is_server_error(sent)
    (line,) = (json.loads(line) for line in told if line.startswith("{"))
    assert (line["status"], line["answered_by"], line["request_id"]) == (500, "edge", "r-7")
    assert counted(REQUESTS, "unknown", "GET", "500", "edge") == 1
    (record,) = caplog.records
    assert record.exc_info[0] is ZeroDivisionError
    assert record.facts == {"request_id": "r-7"}


def test_behind_half_an_answer_comes_no_other_one(told):
    sent: list[Message] = []

    async def scenario() -> None:
        sent.extend(await asked(edge_before(Failing(b"a", b"b"))))

    with pytest.raises(ZeroDivisionError):
        loops.run_in_real_time(scenario())


@pytest.mark.parametrize(
    "place",
    [
        "videoai.edge.streams.admission.Live.answer",
        "videoai.edge.application.is_recording",
        "videoai.edge.application.is_answered_anyway",
    ],
)
def test_wherever_it_fails_it_is_a_problem(monkeypatch, place):
    def explode(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(place, explode)
    monkeypatch.setattr("videoai.edge.application.READING", frozenset())
    path = "/api/v1/events/" if "Live" in place else "/other"
    edge = edge_before(Failing())

    async def scenario() -> list[Message]:
        if "recording" not in place:
            return await asked(edge, path)
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        scope: Any = {"type": "http", "method": "POST", "path": path, "headers": list(HEADERS)}
        await edge(scope, None, send)  # type: ignore[arg-type]
        return sent

    assert_is_server_error(loops.run_in_real_time(scenario()))


@pytest.mark.parametrize(
    "place", ["videoai.edge.requests.Requests.plain", "videoai.edge.counting.Counting.count"]
)
def test_a_read_that_fails_in_the_edge_is_answered_by_django(monkeypatch, place, caplog):
    def explode(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(place, explode)

    start, _ = loops.run_in_real_time(asked(edge_before(StandIn()), "/api/v1/models/", HEADERS[:1]))

    assert start["status"] == 200
    assert caplog.records[0].exc_info[0] is ZeroDivisionError
