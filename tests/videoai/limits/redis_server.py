"""A Redis of the tests' own: real, and theirs to kill."""

import os
import shutil
import subprocess
from typing import Self

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.server import free_port

BINARY = shutil.which("redis-server")
REQUIRED = os.environ.get("REQUIRE_REDIS") == "1"
PASSWORD = "s3cret;of,redis"
PATIENT = Retry(ConstantBackoff(0.02), 500)


class RedisServer:
    """Started when it is made; `kill` and `start` again as you like, it keeps its port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/4"
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        if BINARY is None and REQUIRED:
            pytest.fail("REQUIRE_REDIS=1, but there is no redis-server.")
        if BINARY is None:
            pytest.skip("There is no redis-server; REQUIRE_REDIS=1 makes this fail instead.")
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD]
        self._process = subprocess.Popen([BINARY, *options], stdout=subprocess.DEVNULL)
        self.client = redis.Redis.from_url(self.url, retry=PATIENT)
        self.client.ping()

    def kill(self) -> None:
        self.client.close()
        self._process.kill()
        self._process.wait()
