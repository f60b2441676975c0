"""How a replica stands: does it answer, is it one, is it migrated, and how far is it behind."""

import logging
import time
from collections import deque
from threading import Lock
from typing import NamedTuple

from videoai.replicas import silence

logger = logging.getLogger(__name__)

MOST_MARKS = 1_000
PRECISION = 0.002  # of the lag that is allowed: so much apart, marks reach back for twice as long


class Primary(NamedTuple):
    """How far the primary had written, and how many migrations it had, at a moment of our clock."""

    at: float
    written: int
    migrations: int


class Seen(NamedTuple):
    """What a replica said of itself; `replayed` is None of one that never copied anything."""

    is_replica: bool
    replayed: int | None
    migrations: int


class Standing:
    """Of one replica. Said to the log when it is left out, and when it is used again; not in between.

    How far it is behind is measured by our clock: the latest moment of which it has all that the primary had.
    What it says of its last transaction would call a replica idle that is cut off, and an idle one late.
    """

    def __init__(self, alias: str, *, most_lag: float) -> None:
        self.alias = alias
        self._most_lag = most_lag
        self._lock = Lock()
        self._marks: deque[Primary] = deque(maxlen=MOST_MARKS)  # what it may not have replayed yet
        self._caught_up_at = 0.0
        self._trouble = "has not been asked yet"
        self._told = ""

    def mark(self, primary: Primary) -> None:
        """Of marks that stand close together the later one is enough."""
        with self._lock:
            marks = self._marks
            if len(marks) > 1 and marks[-1].at - marks[-2].at < PRECISION * self._most_lag:
                marks.pop()
            marks.append(primary)

    def see(self, seen: Seen) -> None:
        with self._lock:
            silence.tell(self.alias, silent=False)
            self._trouble = self._trouble_of(seen)
        self.tell()

    def fail(self, error: BaseException, *, is_silent: bool = True) -> None:
        """Who waits for one that is silent waits in vain. Told without the error's words, or its address."""
        with self._lock:
            silence.tell(self.alias, silent=is_silent)
            self._trouble = f"does not answer ({type(error).__name__})"
        self.tell()

    def trouble(self) -> str:
        """Why it can't be read from; empty if it can."""
        if self._trouble:
            return self._trouble
        behind = time.monotonic() - self._caught_up_at
        return f"is more than {self._most_lag:g} seconds behind" if behind > self._most_lag else ""

    def tell(self) -> None:
        trouble = self.trouble()
        with self._lock:
            before, self._told = self._told, trouble
        if trouble and trouble != before:
            logger.warning("%s %s; until it is good again, others answer.", self.alias, trouble)
        elif before and not trouble:
            logger.warning("%s is read from again.", self.alias)

    def _trouble_of(self, seen: Seen) -> str:
        if not seen.is_replica or seen.replayed is None:
            return "is no replica"
        newest = self._marks[-1] if self._marks else None
        while self._marks and self._marks[0].written <= seen.replayed:
            self._caught_up_at = self._marks.popleft().at
        if newest is not None and newest.migrations != seen.migrations:
            return "has not the primary's migrations"
        return ""
