"""Django's caches, with counting. A window begins with the first that is counted in it.

One of the clock, from one full minute to the next, would let twice the limit through around its turn.
"""

import math
import time
from typing import NamedTuple, cast

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache


class Count(NamedTuple):
    number: int  # of the window so far, this one included
    resets_in: int  # whole seconds until the window ends, at least 1


class SharedCache(RedisCache):
    """One count for all processes."""

    def count(self, key: str, *, seconds: int) -> Count:
        """One transaction, one way there and back.

        Django's own `incr` takes two, and a counter that ran out between them would come back without an end.
        """
        name = self.make_and_validate_key(key)
        with self._cache.get_client(name, write=True).pipeline(transaction=True) as steps:
            steps.set(name, 0, ex=seconds, nx=True)
            steps.incr(name)
            steps.pttl(name)
            _, number, milliseconds = steps.execute()
        return Count(number, max(1, math.ceil(milliseconds / 1_000)))


class OwnCache(LocMemCache):
    """A count for each process."""

    def count(self, key: str, *, seconds: int) -> Count:
        now = time.time()
        end = cast(float, self.get_or_set(key, now + seconds, timeout=seconds))
        # Each window has a counter of its own, so that none is raised that runs out at this moment.
        counter = f"{key}:{end}"
        self.add(counter, 0, timeout=2 * seconds)
        return Count(self.incr(counter), min(max(1, math.ceil(end - now)), seconds))
