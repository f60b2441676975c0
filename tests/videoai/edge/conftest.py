from tests.videoai.limits.conftest import count_at, redis_of_this_run, redis_server

__all__ = ["count_at", "redis_of_this_run", "redis_server"]
