"""Redis, where one is named: all processes count requests in it."""

from collections.abc import Iterator

from django.core.cache import caches
from redis.exceptions import RedisError

from videoai.doctor.finding import Finding, doubtful, fine, wrong
from videoai.limits.caches import SharedCache

KEEPS_ALL = "noeviction"


def shared_counter() -> Iterator[Finding]:
    cache = caches["default"]
    if not isinstance(cache, SharedCache):
        yield fine("none is named in CACHE_URL: each process counts requests by itself")
        return
    try:
        client = cache._cache.get_client(None, write=True)
        server, memory = client.info("server"), client.info("memory")
    except (RedisError, OSError) as error:
        # Its words may hold the address, and with it a password.
        remedy = "See whether it runs, and CACHE_URL. Until then each process counts requests by itself."
        yield wrong(f"it does not answer ({type(error).__name__})", remedy)
        return
    told = f"version {server.get('redis_version', 'unknown')} answers"
    policy, most = memory.get("maxmemory_policy"), memory.get("maxmemory")
    if most and policy == KEEPS_ALL:
        remedy = "Set maxmemory-policy volatile-ttl: counters that end soonest make room."
        yield doubtful(f"{told}; once its memory is full, it refuses to count", remedy)
    else:
        yield fine(f"{told}; when its memory is full: {policy or 'unknown'}")
