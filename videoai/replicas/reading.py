"""What is being read from which replica, in this thread, at this moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from models_registry.replicable import Replicable


@dataclass
class Reading:
    """`failure` names what went wrong on the replica; then all has to be read again elsewhere."""

    what: Replicable
    alias: str
    failure: str = ""


_now: ContextVar[Reading | None] = ContextVar("reading", default=None)


def current() -> Reading | None:
    return _now.get()


def has_failed() -> bool:
    """Is something read from a replica that has failed, and will be read again?"""
    now = _now.get()
    return now is not None and bool(now.failure)


@contextmanager
def reading(what: Replicable, alias: str) -> Iterator[Reading]:
    now = Reading(what, alias)
    token = _now.set(now)
    try:
        yield now
    finally:
        _now.reset(token)


def note_failure(alias: str, error: BaseException) -> None:
    """Called where a statement on a replica failed, whoever answers for its exception later."""
    now = _now.get()
    if now is not None and now.alias == alias:
        now.failure = type(error).__name__
