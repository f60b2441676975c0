from collections.abc import Callable
from typing import Any

import pytest

from videoai.observing.metrics import Numbers, tallies
from videoai.observing.sink import sink


@pytest.fixture
def counted() -> Callable[..., float]:
    """How much more there is of a key now than at the beginning of the test."""
    before: Numbers = tallies.snapshot()

    def more(*key: str) -> float:
        return tallies.snapshot().get(key, 0) - before.get(key, 0)

    return more


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[str]:
    """The lines of the log that tell of requests."""
    lines: list[str] = []
    settings.ACCESS_LOG, settings.LOG_FORMAT = "all", "json"
    monkeypatch.setattr(sink, "write", lambda text: lines.extend(text.splitlines()))
    monkeypatch.setattr("videoai.observing.telling.logger.isEnabledFor", lambda level: True)
    return lines
