"""Who is acting at this moment, from where, and why; what is recorded asks here.

Whoever lets somebody in (a middleware, a command) opens an occasion around the work:

    with acting(actor=Actor("user", "7", "ada"), source="admin", reason="New price list"):
        services.revise(...)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

REASON_LENGTH = 300


@dataclass(frozen=True)
class Actor:
    """Somebody or something that acts; the name stays in the trail when the account is gone."""

    kind: str  # user, token, command, anonymous or system
    id: str  # opaque; empty for those without an account
    name: str


SYSTEM = Actor("system", "", "system")


@dataclass(frozen=True)
class Occasion:
    """`find_actor` and `find_reason` are asked when something is recorded: looking up may cost a query."""

    source: str = "python"
    request_id: str = ""
    address: str = ""  # of the client
    find_actor: Callable[[], Actor] = lambda: SYSTEM
    find_reason: Callable[[], str] = lambda: ""


_occasion: ContextVar[Occasion | None] = ContextVar("occasion", default=None)


def current() -> Occasion:
    """The occasion under way; outside of any, the system's own."""
    return _occasion.get() or Occasion()


@contextmanager
def taking_place(occasion: Occasion) -> Iterator[None]:
    """Let `occasion` be the current one."""
    token = _occasion.set(occasion)
    try:
        yield
    finally:
        _occasion.reset(token)


@contextmanager
def acting(
    *, actor: Actor | None = None, source: str | None = None, reason: str | None = None
) -> Iterator[None]:
    """Change what is given of the current occasion, for a while."""
    occasion = current()
    if actor is not None:
        occasion = replace(occasion, find_actor=lambda: actor)
    if source is not None:
        occasion = replace(occasion, source=source)
    if reason is not None:
        occasion = replace(occasion, find_reason=lambda: reason)
    with taking_place(occasion):
        yield
