from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.videoai.limits.redis_server import RedisServer
from videoai.limits import counting
from videoai.limits.rates import in_process, shared


@pytest.fixture(scope="session")
def redis_of_this_run() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_server(redis_of_this_run: RedisServer) -> RedisServer:
    """With nothing in it. It serves other tests, too: to kill one, start one."""
    redis_of_this_run.client.flushall()
    return redis_of_this_run


@pytest.fixture
def count_at(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have everything counted at an address, of which nothing bad is known yet."""

    def count_at(url: str) -> None:
        settings.CACHES = {"default": shared(url), "process": in_process("process")}
        monkeypatch.setattr(counting, "outage", counting.Outage())

    return count_at


@pytest.fixture(params=["in the process", "in Redis"])
def counted_anywhere(request: pytest.FixtureRequest) -> None:
    """Twice: counted in this process, and in a Redis."""
    if request.param == "in Redis":
        server = request.getfixturevalue("redis_server")
        request.getfixturevalue("count_at")(server.url)
