"""Requests that wait for a thread: not without end, and not for a database that is gone."""

import asyncio
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import pytest

from tests.videoai.edge import loops
from videoai.edge.behind import threads as behind
from videoai.edge.behind.errors import Unavailable
from videoai.edge.behind.lane import Lane
from videoai.edge.behind.threads import Request, Threads
from videoai.edge.freshness.reading import Silent
from videoai.edge.requests import Message

SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}


class Slow:
    """Answers when it is let go."""

    def __init__(self) -> None:
        self.asked = 0
        self.began: list[float | None] = []
        self.let_go = threading.Event()

    def answer(self, request: Request) -> tuple[int, list[tuple[bytes, bytes]], list[bytes]]:
        self.asked += 1
        self.began.append(request.began)
        self.let_go.wait(10)
        return 200, [], [b"a", b"b"]


class Client:
    def __init__(self) -> None:
        self.told: list[Message] = []

    async def send(self, message: Message) -> None:
        self.told.append(message)

    async def receive(self) -> Message:
        return await asyncio.get_running_loop().create_future()  # it stays


async def dead() -> None:
    raise Silent("gone")


async def alive() -> None:
    """The database answers."""


@pytest.fixture(autouse=True)
def quick_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "PULSE_SECONDS", 0.01)


def test_more_than_so_many_do_not_wait(monkeypatch):
    monkeypatch.setattr(behind, "MOST_WAITING", 3)

    async def scenario() -> None:
        slow = Slow()
        threads = Threads(slow, ThreadPoolExecutor(1))
        asked = [asyncio.ensure_future(threads.ask(Request(SCOPE))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="Too many"):
            await threads.ask(Request(SCOPE))
        slow.let_go.set()
        assert [answer.body for answer in await asyncio.gather(*asked)] == [b"ab"] * 3
        assert (await threads.ask(Request(SCOPE))).body == b"ab"

    loops.run_in_real_time(scenario())


def test_who_went_away_is_not_answered():
    """His place in the queue is free, and no thread works for him."""

    async def scenario() -> None:
        slow = Slow()
        threads = Threads(slow, ThreadPoolExecutor(1))
        first, second = (asyncio.ensure_future(threads.ask(Request(SCOPE))) for _ in range(2))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        slow.let_go.set()
        await first
        await threads.ask(Request(SCOPE))
        assert slow.asked == 2

    loops.run_in_real_time(scenario())


def test_whoever_waits_for_a_database_that_is_gone_is_told():
    async def scenario() -> None:
        slow, client = Slow(), Client()
        threads = Threads(slow, ThreadPoolExecutor(1), pulse=dead)
        with pytest.raises(Silent):
            await threads.hand_over(SCOPE, client.receive, client.send)
        slow.let_go.set()
        await threads.ask(Request(SCOPE))  # behind the one that nobody waits for any more
        assert client.told == []

    loops.run_in_real_time(scenario())


def test_as_long_as_it_answers_all_wait():
    async def scenario() -> None:
        slow, client = Slow(), Client()
        threads = Threads(slow, ThreadPoolExecutor(1), pulse=alive)
        asyncio.get_running_loop().call_later(0.05, slow.let_go.set)
        await threads.hand_over(SCOPE, client.receive, client.send)
        assert [message.get("body") for message in client.told] == [None, b"a", b"b", b""]

    loops.run_in_real_time(scenario())


def test_a_request_begins_before_it_waits_for_a_thread():
    async def scenario() -> None:
        slow, client = Slow(), Client()
        threads = Threads(slow, ThreadPoolExecutor(1))
        asked = [
            asyncio.ensure_future(threads.hand_over(SCOPE, client.receive, client.send)) for _ in range(2)
        ]
        await asyncio.sleep(0.02)
        let_go = time.perf_counter()
        slow.let_go.set()
        await asyncio.gather(*asked)
        assert len(slow.began) == 2
        assert all(began is not None and began < let_go for began in slow.began)

    loops.run_in_real_time(scenario())


class Locked(Slow):
    """Keeps who writes waiting for a lock."""

    def answer(self, request: Request) -> tuple[int, list[tuple[bytes, bytes]], list[bytes]]:
        if request.scope["method"] == "GET":
            return 200, [], [b"read"]
        return super().answer(request)


def test_who_reads_does_not_wait_for_those_who_wait_for_a_lock():
    async def scenario() -> None:
        locked, pool = Locked(), ThreadPoolExecutor(2)
        threads = Threads(locked, pool, writers=Lane(pool, most=1))
        writers, reader = [Client() for _ in range(3)], Client()
        writes = [
            asyncio.ensure_future(
                threads.pass_on(Request({**SCOPE, "method": "PATCH"}), one.receive, one.send)
            )
            for one in writers
        ]
        await asyncio.sleep(0.01)
        await asyncio.wait_for(threads.pass_on(Request(SCOPE), reader.receive, reader.send), 5)
        assert (locked.asked, reader.told[-1]["body"]) == (1, b"read")
        locked.let_go.set()
        await asyncio.gather(*writes)
        assert [len(one.told) for one in writers] == [4, 4, 4]  # start, two pieces, end

    loops.run_in_real_time(scenario())


class TestLane:
    def test_what_is_taken_back_in_time_is_not_done(self):
        lane, begun, let_go = Lane(ThreadPoolExecutor(2), most=1), threading.Event(), threading.Event()
        first = lane.submit(lambda: (begun.set(), let_go.wait(10)))
        begun.wait(10)
        second, third = lane.submit(lambda: "second"), lane.submit(lambda: "third")

        assert second.cancel()
        let_go.set()

        assert (first.result(10), third.result(10)) == ((None, True), "third")

    def test_what_fails_is_told_and_the_next_is_done(self):
        lane = Lane(ThreadPoolExecutor(2), most=1)

        with pytest.raises(ZeroDivisionError):
            lane.submit(lambda: 1 / 0).result(10)

        assert lane.submit(lambda: "next").result(10) == "next"

    def test_of_a_pool_that_is_shut_nothing_is_expected(self):
        pool, let_go = ThreadPoolExecutor(1), threading.Event()
        lane = Lane(pool, most=1)
        lane.submit(let_go.wait, 10)
        waiting = lane.submit(lambda: "too late")

        pool.shutdown(wait=False)
        let_go.set()

        with pytest.raises(CancelledError):
            waiting.result(10)
