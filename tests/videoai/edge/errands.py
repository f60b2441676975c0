"""An event loop in a thread of its own, whose errands are run by the thread that waits for it.

So the edge works as it does in a server, and Django, called by it, sees the transaction of the test.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from functools import lru_cache
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")

# A test that waits longer waits for what will never come.
MOST_SECONDS = 20


class Errands(Executor):
    """Runs what it is given in the thread that waits in `until`."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                future.set_exception(error)

        self._waiting.put(run)
        return future

    def until(self, done: "Future[T]") -> T:
        done.add_done_callback(lambda _: self._waiting.put(None))
        while (errand := self._waiting.get(timeout=MOST_SECONDS)) is not None:
            errand()
        return done.result()


@lru_cache(maxsize=1)
def loop() -> asyncio.AbstractEventLoop:
    """One for all tests."""
    running = asyncio.new_event_loop()
    Thread(target=running.run_forever, name="edge", daemon=True).start()
    return running


def run(errands: Errands, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` in the loop, and its errands here."""
    return errands.until(asyncio.run_coroutine_threadsafe(coroutine, loop()))
