"""The limit of reads, counted before a request is answered, in the very counters that Django counts in."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from django.conf import settings
from django.core.cache import caches

from videoai.access.client_address import nearest_stranger
from videoai.edge.requests import Headers
from videoai.limits.caches import OwnCache
from videoai.limits.callers import neighbourhood
from videoai.limits.counting import count
from videoai.limits.throttling import headers, left
from videoai.limits.windows import Count

KIND = "read"


class Counting:
    """Counts readers by their address."""

    def __init__(self) -> None:
        self._rate = settings.RATE_LIMIT_READ
        own = caches["default"]
        self._own = own if isinstance(own, OwnCache) else None
        # A Redis may keep its callers waiting, which the event loop must not.
        self._thread = None if self._own else ThreadPoolExecutor(1, "counting")

    async def count(self, address: str) -> Count | None:
        """Count one read; None without a limit."""
        if self._rate is None:
            return None
        key = key_of(address)
        if self._own is not None:
            return self._own.count(key, seconds=self._rate.seconds)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._count_shared, key, self._rate.seconds)

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
        if self._thread is not None:
            self._thread.shutdown(wait=False)

    @staticmethod
    def _count_shared(key: str, seconds: int) -> Count:
        return count(key, seconds=seconds)


@lru_cache(maxsize=10_000)
def key_of(address: str) -> str:
    # As Django reads it: one of IPv4 that is mapped into IPv6 would else be counted with all others.
    return f"{KIND}:address:{neighbourhood(nearest_stranger(address, ''))}"
