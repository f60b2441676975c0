"""Django's caches, with counting. A window begins with the first that is counted in it.

One of the clock, from one full minute to the next, would let twice the limit through around its turn.
"""

import math
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

from videoai.limits.windows import Count, Windows

# As Django keeps its caches in memory: those of one name are the same for all threads.
_windows: dict[str, Windows] = {}


class SharedCache(RedisCache):
    """One count for all processes."""

    def count(self, key: str, *, seconds: int, times: int = 1) -> Count:
        """One transaction, one way there and back.

        Django's own `incr` takes two, and a counter that ran out between them would come back without an end.
        """
        name = self.make_and_validate_key(key)
        with self._cache.get_client(name, write=True).pipeline(transaction=True) as steps:
            steps.set(name, 0, ex=seconds, nx=True)
            steps.incr(name, times)
            steps.pttl(name)
            _, number, milliseconds = steps.execute()
        return Count(number, max(1, math.ceil(milliseconds / 1_000)))


class OwnCache(LocMemCache):
    """A count for each process."""

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__(name, params)
        self.windows = _windows.setdefault(name, Windows())

    def count(self, key: str, *, seconds: int, times: int = 1) -> Count:
        return self.windows.count(key, seconds=seconds, most=self._max_entries, times=times)

    def counter(self, *, seconds: int) -> Callable[[str], Count]:
        """What counts one more of a key, for who has to with every request."""
        windows, most = self.windows, self._max_entries
        return lambda key: windows.count(key, seconds=seconds, most=most)

    def clear(self) -> None:
        super().clear()
        self.windows.clear()
