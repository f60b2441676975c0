"""Group commit: single recordings that wait while one transaction runs go together in the next.

Each is answered only after its commit. One thread, with a database connection of its own, records; the event
loop reads requests while that thread waits for the database.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from threading import Thread
from typing import NamedTuple

from django.db import Error, close_old_connections, connections

from models_registry.usage.recording import MOST_AT_ONCE
from videoai.edge.behind.threads import PULSE_SECONDS, Request
from videoai.edge.freshness.reading import Silent
from videoai.edge.ready.answers import Answer
from videoai.edge.ready.making import already_counted
from videoai.edge.recording.arrivals import Arrival, arrival
from videoai.edge.recording.gathering import Gathering
from videoai.edge.recording.together import Outcome, Together
from videoai.edge.requests import Scope
from videoai.replaced_file import let_go

MOST_WAITING = 10_000
# A connection that was good so lately is used without asking; if it breaks, Django takes over once.
TRUSTED_SECONDS = 1.0
SECONDS_TO_END = 2.0

logger = logging.getLogger(__name__)


# What was asked, the answer, who asked, and when that began.
Note = Callable[[Scope, Answer, str, float], None]


class Waiting(NamedTuple):
    """An arrival, and what its request waits for."""

    arrival: Arrival
    outcome: "asyncio.Future[Outcome]"


class GroupCommit:
    """Records for one event loop; its thread starts with the first recording."""

    def __init__(
        self, pulse: Callable[[], Awaitable[object]] | None = None, *, note: Note | None = None
    ) -> None:
        """`pulse` raises Silent when nothing can be recorded any more; `note` hears of what was answered."""
        self._pulse, self._note = pulse, note
        self._pending: set[asyncio.Future[Outcome]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._gathering: Gathering[Waiting] = Gathering(most=MOST_AT_ONCE)
        self._waiting = 0
        self._thread: Thread | None = None

    async def record(self, request: Request) -> Answer | Request:
        """The answer to a recording that stands; or `request` as Django has to see it, to say what is wrong.

        Raises what the pulse raises. What comes back was not recorded, or nobody knows, which is the same:
        nothing is counted twice.
        """
        arrived = arrival(request) if self._waiting < MOST_WAITING else None
        if arrived is None:
            return request
        began = time.perf_counter()
        outcome = await self._recorded(arrived)
        if outcome.answer is not None:
            if self._note is not None:
                self._note(request.scope, outcome.answer, outcome.actor, began)
            return outcome.answer
        if self._pulse is not None:
            await self._pulse()
        return request._replace(scope=already_counted(request.scope, outcome.counted))

    def close(self) -> None:
        """Record what waits, and end."""
        if self._thread is not None:
            self._gathering.end()
            self._thread.join(SECONDS_TO_END)
            self._thread = None

    def _recorded(self, arrived: Arrival) -> "asyncio.Future[Outcome]":
        if self._thread is None:
            # A daemon: nothing that still waits was promised to anybody, so it keeps no process from ending.
            self._thread = Thread(target=self._run, name="group-commit", daemon=True)
            self._thread.start()
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._pending.add(outcome)
        if self._watch is None and self._pulse is not None:
            self._watch = outcome.get_loop().create_task(self._watched(self._pulse))
        self._gathering.put(Waiting(arrived, outcome))
        return outcome

    # --- In the thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        together, trusted_until = Together(), 0.0
        try:
            for batch in self._gathering.batches():
                if time.monotonic() >= trusted_until:
                    close_old_connections()
                let_go()
                outcomes = [Outcome() for _ in batch]
                is_good = _try(together, [one.arrival for one in batch], outcomes)
                trusted_until = time.monotonic() + TRUSTED_SECONDS if is_good else 0.0
                self._hand_out(batch, outcomes)
        finally:
            connections.close_all()

    def _hand_out(self, batch: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
        loop = batch[0].outcome.get_loop()
        try:
            loop.call_soon_threadsafe(self._tell, batch, outcomes)
        except RuntimeError:  # the loop has ended, and with it all who waited
            logger.info("%d recordings have nobody left to be told.", len(batch))

    # --- In the event loop -------------------------------------------------------------------------------

    def _tell(self, batch: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
        self._waiting -= len(batch)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            self._pending.discard(waiting.outcome)
            if not waiting.outcome.done():  # its client may have gone
                waiting.outcome.set_result(outcome)

    async def _watched(self, pulse: Callable[[], Awaitable[object]]) -> None:
        """While somebody waits for long, ask whether the database is there at all."""
        while self._pending:
            before = self._pending.copy()
            await asyncio.sleep(PULSE_SECONDS / 2)
            if before & self._pending:
                try:
                    await pulse()
                except Silent as silent:
                    self._give_up(silent)
        self._watch = None

    def _give_up(self, silent: Silent) -> None:
        logger.warning("%d recordings were told that the database is gone.", len(self._pending))
        for outcome in self._pending:
            if not outcome.done():
                outcome.set_exception(silent)
        self._pending.clear()


def _try(together: Together, arrivals: Sequence[Arrival], outcomes: Sequence[Outcome]) -> bool:
    """False if the batch failed as a whole; recording is idempotent, so Django may try each again."""
    try:
        together.record(arrivals, outcomes)
    except Error as error:
        logger.warning("%d recordings failed together: %s", len(arrivals), type(error).__name__)
        return False
    except Exception:
        logger.exception("%d recordings failed together.", len(arrivals))
        return False
    return True
