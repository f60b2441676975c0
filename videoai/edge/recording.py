"""Group commit: single recordings that wait while one transaction runs go together in the next.

Each is answered only after its commit. One thread, with a database connection of its own, records; the event
loop reads requests while that thread waits for the database.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from django.db import Error, close_old_connections, connections

from models_registry.usage.recording import MOST_AT_ONCE
from videoai.edge.arrivals import Arrival, Request, arrival
from videoai.edge.together import Answer, Together

MOST_WAITING = 10_000
# A connection that was good so lately is used without asking; if it breaks, Django takes over once.
TRUSTED_SECONDS = 1.0

logger = logging.getLogger(__name__)

Waiting = tuple[Arrival, "asyncio.Future[Answer | None]"]


class GroupCommit:
    """Records for one event loop; it starts with the first recording."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._waiting = 0
        self._thread: Thread | None = None

    async def record(self, request: Request) -> Answer | None:
        """The answer to a recording that stands. None leaves `request` to Django, which tells what is wrong."""
        if self._waiting >= MOST_WAITING:
            return None
        arrived = arrival(request)
        if arrived is None:
            return None
        self._start()
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._queue.put((arrived, answer))
        return await answer

    def close(self) -> None:
        """Record what waits, and end. Returns when the thread has gone."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            # A daemon: nothing that still waits was promised to anybody, so it keeps no process from ending.
            self._thread = Thread(target=self._run, name="group-commit", daemon=True)
            self._thread.start()

    # --- In the thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        together, trusted_until = Together(), 0.0
        try:
            for batch in self._batches():
                if time.monotonic() >= trusted_until:
                    close_old_connections()
                answers = _answers(together, batch)
                trusted_until = 0.0 if answers is None else time.monotonic() + TRUSTED_SECONDS
                self._hand_out(batch, answers or [None] * len(batch))
        finally:
            connections.close_all()

    def _batches(self) -> Iterator[list[Waiting]]:
        """All that wait at that moment, again and again."""
        while (first := self._queue.get()) is not None:
            batch = [first]
            while len(batch) < MOST_AT_ONCE:
                try:
                    one = self._queue.get_nowait()
                except Empty:
                    break
                if one is None:
                    yield batch
                    return
                batch.append(one)
            yield batch

    def _hand_out(self, batch: Sequence[Waiting], answers: Sequence[Answer | None]) -> None:
        loop = batch[0][1].get_loop()
        try:
            loop.call_soon_threadsafe(self._answer, batch, answers)
        except RuntimeError:  # the loop has ended, and with it all who waited
            logger.info("%d recordings have nobody left to be told.", len(batch))

    # --- In the event loop -------------------------------------------------------------------------------

    def _answer(self, batch: Sequence[Waiting], answers: Sequence[Answer | None]) -> None:
        self._waiting -= len(batch)
        for (_, waiting), answer in zip(batch, answers, strict=True):
            if not waiting.done():  # its client may have gone
                waiting.set_result(answer)


def _answers(together: Together, batch: Sequence[Waiting]) -> list[Answer | None] | None:
    """None if the batch failed as a whole: recording is idempotent, so Django may try each again."""
    try:
        return together.record([arrived for arrived, _ in batch])
    except Error as error:
        logger.warning("%d recordings failed together: %s", len(batch), type(error).__name__)
    except Exception:
        logger.exception("%d recordings failed together.", len(batch))
    return None
