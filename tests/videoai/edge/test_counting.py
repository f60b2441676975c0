"""Reads are counted together, and each is told its own number."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.videoai.edge import loops
from tests.videoai.limits.redis_server import RedisServer
from videoai.edge import counting
from videoai.edge.counting import Counting
from videoai.limits.counting import count
from videoai.limits.rates import Rate
from videoai.limits.windows import Count

ONE, OTHER = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def limited(settings: Any) -> None:
    settings.RATE_LIMIT_READ = Rate(10, 60)


async def as_count(counting: Any) -> Count | None:
    """What is counted at once, or was to be waited for."""
    return await counting if isinstance(counting, asyncio.Future) else counting


async def numbers(counter: Counting, *addresses: str) -> list[int]:
    told = await asyncio.gather(*(as_count(counter.count(address)) for address in addresses))
    return [one.number for one in told if one is not None]


def counted(*addresses: str) -> list[int]:
    async def scenario() -> list[int]:
        counter = Counting()
        try:
            return await numbers(counter, *addresses)
        finally:
            counter.close()

    return loops.run_in_real_time(scenario())


@pytest.mark.parametrize("where", ["in the process", "in Redis"])
def test_each_is_told_its_own_number(where, request):
    if where == "in Redis":
        request.getfixturevalue("count_at")(request.getfixturevalue("redis_server").url)

    assert counted(ONE, OTHER, ONE, ONE, OTHER) == [1, 1, 2, 3, 2]


def test_what_waits_together_is_one_call(redis_server, count_at, monkeypatch):
    count_at(redis_server.url)
    calls: list[tuple[str, int]] = []

    def noting(key: str, *, seconds: int, times: int = 1) -> Any:
        calls.append((key, times))
        return count(key, seconds=seconds, times=times)

    monkeypatch.setattr(counting, "count", noting)

    assert counted(*[ONE] * 50, OTHER) == [*range(1, 51), 1]
    assert calls == [(f"read:address:{ONE}", 50), (f"read:address:{OTHER}", 1)]


def test_the_limit_holds_for_all_processes_together(redis_server, count_at):
    """Of any number of counters, as many reads are let through as the limit says."""
    count_at(redis_server.url)
    found: list[int] = []

    def process() -> None:
        found.extend(counted(*[ONE] * 25))

    threads = [threading.Thread(target=process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == list(range(1, 101))


def test_one_that_gave_up_leaves_the_numbers_of_the_others(redis_server, count_at):
    count_at(redis_server.url)

    async def scenario() -> None:
        counter = Counting()
        gone, stays = (asyncio.ensure_future(as_count(counter.count(ONE))) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        told = await stays
        assert told is not None
        assert told.number == 2
        counter.close()

    loops.run_in_real_time(scenario())


def test_a_redis_that_was_killed_is_not_missed(count_at):
    with RedisServer() as mortal:
        count_at(mortal.url)
        assert counted(ONE, ONE) == [1, 2]
        mortal.kill()

        assert counted(*[ONE] * 20) == list(range(1, 21))


@pytest.fixture
def silent() -> Iterator[str]:
    """A Redis that takes every call and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_one_that_is_silent_keeps_all_who_wait_once(silent, count_at, caplog):
    count_at(silent)

    assert counted(ONE, OTHER, ONE) == [1, 1, 2]
    assert len(caplog.records) == 1


def test_what_can_not_be_counted_keeps_nobody_waiting(redis_server, count_at, monkeypatch):
    count_at(redis_server.url)
    monkeypatch.setattr(counting, "count", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        counted(ONE)
