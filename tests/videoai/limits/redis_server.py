"""A Redis of the tests' own: real, and theirs to kill."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pytest
from redis import Redis as Client

from videoai.deploy.local.processes import NotInstalled
from videoai.deploy.local.redis import Redis

REQUIRED = os.environ.get("REQUIRE_REDIS") == "1"
PASSWORD = "s3cret;of,redis"


class RedisServer(Redis):
    """Started when it is made; `kill` and `start` again as you like."""

    def __init__(self) -> None:
        self._place = TemporaryDirectory()
        try:
            super().__init__(Path(self._place.name), password=PASSWORD)
        except NotInstalled as missing:
            if REQUIRED:
                pytest.fail(f"REQUIRE_REDIS=1. {missing}")
            pytest.skip(f"{missing} (REQUIRE_REDIS=1 makes this fail instead.)")
        self.client = Client.from_url(self.url)
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._place.cleanup()

    def start(self) -> None:
        """Returns when it answers."""
        super().start()
        self.wait()

    def kill(self) -> None:
        self.client.close()
        super().kill()
