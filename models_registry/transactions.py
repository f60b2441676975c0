"""Transactions that are whole whatever breaks: done once, or begun anew, or nothing has happened.

Every outermost write is `whole`. If two writers get into each other's way, or the connection breaks before
the commit is sent, all of it is undone, and it is done again from what the caller gave. So what is `whole`
must not change that: neither its arguments, nor anything else that a rollback does not undo.

Whether a commit came through whose answer is lost, nobody knows. Then `OutcomeUnknown` is raised, and
nothing is tried again; but what changes nothing the second time (`same_again`) is.
"""

import logging
import math
import select
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial, wraps
from random import SystemRandom
from typing import Any, NamedTuple, ParamSpec, TypeVar

from django.db import Error, OperationalError, connection, transaction
from django.dispatch import Signal

from models_registry.sqlstates import CONFLICTS, LOCK_TIMEOUT, LOST, READ_ONLY, sqlstate_of

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 3
PAUSES = (0.05, 0.25)  # seconds before the next try, within which chance chooses
FAREWELL = 20  # milliseconds that pass at most between a server's last words and its hanging up

# Sent before another try, with `reason`: `conflict`, `lost` or `busy`.
transaction_repeated = Signal()

_chance = SystemRandom()
logger = logging.getLogger(__name__)


class OutcomeUnknown(OperationalError):
    """The connection broke while the commit was under way: it is written, or it is not."""


class ConnectionBroken(OperationalError):
    """The connection broke within a transaction, of which nothing is left."""


class Breakage(StrEnum):
    """What may go well the next time."""

    CONFLICT = "two writers got into each other's way"
    LOST = "the connection to the database broke"
    BUSY = "another writer holds the lock"


# Seconds from the beginning in which another try is begun. Who has waited long for a lock need not do that
# three times; and of a database that is gone, people are told soon.
WORTHWHILE = {Breakage.CONFLICT: math.inf, Breakage.LOST: 5.0, Breakage.BUSY: 1.0}

GONE = (*LOST, READ_ONLY)  # the last: what was the primary only reads by now
SQLITE_BUSY = {5, 6}
SQLITE_IO_ERROR = 10


class Done(NamedTuple):
    """What this thread has finished so far: commits that must not be made twice, and writes given up."""

    commits: int = 0
    given_up: int = 0


class _Book(threading.local):
    done = Done()


_book = _Book()


def done() -> Done:
    return _book.done


def whole(work: Callable[P, T]) -> Callable[P, T]:
    """Let `work` be one transaction, done again if it broke; in an open transaction it is a part of that.

    Raises OutcomeUnknown; and what it broke with, after three tries or when another is not worth the wait.
    """
    return _whole(work, is_same_again=False)


def same_again(work: Callable[P, T]) -> Callable[P, T]:
    """As `whole`, for what changes nothing if it is done twice: it never ends in OutcomeUnknown."""
    return _whole(work, is_same_again=True)


def breakage(error: BaseException) -> Breakage | None:
    """What broke, if it may go well the next time."""
    if isinstance(error, (OutcomeUnknown, ConnectionBroken)):
        return Breakage.LOST
    said, sqlstate = error.__cause__ or error, sqlstate_of(error)
    if sqlstate in CONFLICTS:
        return Breakage.CONFLICT
    if sqlstate == LOCK_TIMEOUT or getattr(said, "sqlite_errorcode", 0) & 0xFF in SQLITE_BUSY:
        return Breakage.BUSY
    if sqlstate.startswith(GONE) or _comes_of_a_broken_connection(error):
        return Breakage.LOST
    return None


def pause() -> None:
    """Before the next try; those who broke together do not come back together."""
    time.sleep(_chance.uniform(*PAUSES))


def _whole(work: Callable[P, T], *, is_same_again: bool) -> Callable[P, T]:
    @wraps(work)
    def doing(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            with transaction.atomic():
                return work(*args, **kwargs)
        result = _tried(partial(work, *args, **kwargs), is_same_again=is_same_again)
        if not is_same_again:
            _book.done = _book.done._replace(commits=_book.done.commits + 1)
        return result

    return doing


def _tried(work: Callable[[], T], *, is_same_again: bool) -> T:
    began, tries = time.monotonic(), 1
    while True:
        try:
            return _once(work)
        except Error as error:
            broken = breakage(error)
            if broken == Breakage.LOST:
                connection.close()
            is_unknown = isinstance(error, OutcomeUnknown) and not is_same_again
            if is_unknown or tries == TRIES or not _is_worthwhile(broken, time.monotonic() - began):
                _book.done = _book.done._replace(given_up=_book.done.given_up + 1)
                if is_same_again and isinstance(error, OutcomeUnknown):
                    raise ConnectionBroken("The connection broke at the commit, again and again.") from error
                raise
            logger.warning("Try %d of a transaction failed, and it begins anew: %s.", tries, broken)
            transaction_repeated.send(Breakage, reason=broken.name.lower() if broken else "")
        tries += 1
        pause()


def _is_worthwhile(broken: Breakage | None, seconds: float) -> bool:
    return broken is not None and seconds <= WORTHWHILE[broken]


def _once(work: Callable[[], T]) -> T:
    is_committing = False
    try:
        with transaction.atomic():
            result = _worked(work)
            is_committing = True
    except Error as error:
        if is_committing and not _is_refusal(error):
            raise OutcomeUnknown("The answer to a commit is lost.") from error
        raise
    return result


def _worked(work: Callable[[], T]) -> T:
    """Do `work`. Raises ConnectionBroken: outside of the transaction, there may be a new connection already.

    Also if somebody has caught what broke. And if it is plain before the commit is sent that nobody will take
    it, so that nobody has to be told that the outcome is unknown.
    """
    try:
        result = work()
    except Error as error:
        if _is_broken():
            raise ConnectionBroken("The connection broke within a transaction.") from error
        raise
    if _is_broken() or _has_hung_up():
        connection.close()
        raise ConnectionBroken("The connection broke before the commit.")
    return result


# --- What a connection tells -----------------------------------------------------------------------------


def _comes_of_a_broken_connection(error: BaseException) -> bool:
    """Of errors of the driver alone: what a test or a tool makes up says nothing of a connection."""
    wrapper: Any = connection
    names = (wrapper.Database.OperationalError, wrapper.Database.InterfaceError)
    if wrapper.vendor != "postgresql" or not isinstance(error.__cause__ or error, names):
        return False
    return wrapper.connection is None or bool(wrapper.connection.closed)


def _is_refusal(error: Error) -> bool:
    """Whether the database itself has answered that it does not commit."""
    said: Any = error.__cause__ or error
    if connection.vendor == "sqlite":
        return getattr(said, "sqlite_errorcode", SQLITE_IO_ERROR) & 0xFF != SQLITE_IO_ERROR
    return bool(sqlstate_of(error)) and breakage(error) != Breakage.LOST


def _is_broken() -> bool:
    """Whether it is known that the connection of the open transaction broke."""
    wrapper: Any = connection
    if wrapper.closed_in_transaction:
        return True
    return bool(wrapper.vendor == "postgresql" and wrapper.connection.closed)


def _has_hung_up() -> bool:
    """Look, without asking, whether the server has closed the connection. Costs a few microseconds."""
    wrapper: Any = connection
    if wrapper.vendor != "postgresql":
        return False
    driver = wrapper.connection
    try:
        poll = select.poll()
        poll.register(driver.fileno(), select.POLLIN)
        if not poll.poll(0):
            return False
        driver.pgconn.consume_input()  # its last words, or nothing but a notice
        if poll.poll(FAREWELL):
            driver.pgconn.consume_input()
    except wrapper.Database.Error:
        return True
    return bool(driver.closed)
