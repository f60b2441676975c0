"""The limit of reads, counted before a request is answered, in the very counters that Django counts in."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import chain

from django.conf import settings
from django.core.cache import BaseCache, caches

from videoai.access.client_address import nearest_stranger
from videoai.edge.requests import Headers
from videoai.limits.caches import OwnCache
from videoai.limits.callers import neighbourhood
from videoai.limits.counting import count
from videoai.limits.rates import Rate
from videoai.limits.throttling import headers, left
from videoai.limits.windows import Count

logger = logging.getLogger(__name__)

KIND = "read"

Waiting = dict[str, list["asyncio.Future[Count]"]]


class Counting:
    """Counts readers by their address."""

    def __init__(self) -> None:
        self._rate: Rate | None = settings.RATE_LIMIT_READ
        self._shared: Shared | None = None
        self._count = self._counter(caches["default"])

    def count(self, address: str) -> "Count | asyncio.Future[Count] | None":
        """Count one read. None without a limit; a count to wait for, where others count, too."""
        return self._count(key_of(address))

    def is_over(self, counted: Count | None) -> bool:
        return counted is not None and self._rate is not None and counted.number > self._rate.limit

    def headers(self, counted: Count | None) -> Headers:
        """What Django tells of a count."""
        if counted is None or self._rate is None:
            return []
        told = headers(KIND, self._rate, counted)
        return [(name.lower().encode(), value.encode()) for name, value in told.items()]

    def left(self, counted: Count | None) -> bytes:
        """The value of the `RateLimit` header."""
        if counted is None or self._rate is None:
            return b""
        return left(KIND, self._rate, counted).encode()

    def close(self) -> None:
        if self._shared is not None:
            self._shared.close()

    def _counter(self, cache: BaseCache) -> "Callable[[str], Count | asyncio.Future[Count] | None]":
        if self._rate is None:
            return lambda key: None
        if isinstance(cache, OwnCache):
            return cache.counter(seconds=self._rate.seconds)
        self._shared = Shared(self._rate.seconds)
        return self._shared.count


class Shared:
    """Counts in Redis, in a thread: it may keep its callers waiting, which the event loop must not.

    What waits while the thread counts is counted together, in one call for each key.
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(1, "counting")
        self._waiting: Waiting = {}
        self._task: asyncio.Task[None] | None = None

    def count(self, key: str) -> "asyncio.Future[Count]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Count] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._task is None:
            self._task = loop.create_task(self._run(loop))
        return future

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    async def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, {}
            times = {key: len(futures) for key, futures in batch.items()}
            try:
                last = await loop.run_in_executor(self._thread, self._counted, times)
            except Exception as error:
                logger.exception("Reads could not be counted.")
                _fail(batch, error)
            else:
                _tell(batch, last)
        self._task = None

    def _counted(self, times: dict[str, int]) -> dict[str, Count]:
        """The count of the last one of each key."""
        return {key: count(key, seconds=self._seconds, times=number) for key, number in times.items()}


def _tell(batch: Waiting, last: dict[str, Count]) -> None:
    """Each in the order in which they came."""
    for key, futures in batch.items():
        first = last[key].number - len(futures) + 1
        for number, future in enumerate(futures, first):
            if not future.done():
                future.set_result(Count(number, last[key].resets_in))


def _fail(batch: Waiting, error: Exception) -> None:
    for future in chain.from_iterable(batch.values()):
        if not future.done():
            future.set_exception(error)


@lru_cache(maxsize=10_000)
def key_of(address: str) -> str:
    # As Django reads it: one of IPv4 that is mapped into IPv6 would else be counted with all others.
    return f"{KIND}:address:{neighbourhood(nearest_stranger(address, ''))}"
