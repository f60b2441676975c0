"""Counting that goes on when the Redis of all processes does not."""

import logging
import time
from threading import Lock
from typing import cast

from django.core.cache import caches
from redis.exceptions import RedisError

from videoai.limits.caches import OwnCache, SharedCache
from videoai.limits.windows import Count
from videoai.observing import metrics

logger = logging.getLogger(__name__)

# How long a silent Redis is left alone, so that not every request waits for it in vain.
PAUSE_SECONDS = 5.0


class Outage:
    """Remembers that the shared cache is silent: says so once, and lets one in a while ask again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ask_again_at: float | None = None

    def is_time_to_ask(self) -> bool:
        with self._lock:
            if self._ask_again_at is None:
                return True
            if time.monotonic() < self._ask_again_at:
                return False
            self._ask_again_at = time.monotonic() + PAUSE_SECONDS
            return True

    def goes_on(self, error: Exception) -> None:
        """Told without the error's own words: they may hold the address, and that a password."""
        metrics.count("videoai_cache_errors_total")
        with self._lock:
            is_news = self._ask_again_at is None
            self._ask_again_at = time.monotonic() + PAUSE_SECONDS
        if is_news:
            logger.warning(
                "The Redis at CACHE_URL fails (%s). Until it works again, each process counts by itself.",
                type(error).__name__,
            )

    def is_over(self) -> None:
        with self._lock:
            was_silent = self._ask_again_at is not None
            self._ask_again_at = None
        if was_silent:
            logger.warning("The Redis at CACHE_URL works again.")


outage = Outage()


def count(key: str, *, seconds: int, times: int = 1) -> Count:
    """Count one more of `key`, or some at once, in a window of that many seconds.

    Never fails: while the shared cache is silent, this process counts by itself.
    """
    if outage.is_time_to_ask():
        try:
            counted = cast(SharedCache, caches["default"]).count(key, seconds=seconds, times=times)
        except (RedisError, OSError) as error:
            outage.goes_on(error)
        else:
            outage.is_over()
            return counted
    return cast(OwnCache, caches["process"]).count(key, seconds=seconds, times=times)
