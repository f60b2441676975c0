"""Who has fallen silent; asked by those who wait, several times a second."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_silent: set[str] = set()
_until: ContextVar[float | None] = ContextVar("until", default=None)


def is_silent(alias: str) -> bool:
    """Has whoever looks after the replicas given this one up; or is the time over that we wait ourselves?"""
    until = _until.get()
    return alias in _silent if until is None else time.monotonic() > until


def tell(alias: str, *, silent: bool) -> None:
    (_silent.add if silent else _silent.discard)(alias)


@contextmanager
def waiting_no_longer(seconds: float) -> Iterator[None]:
    """Wait for any replica no longer than this, whatever others found."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)
