"""An event loop whose clock jumps to the next thing that is due: nobody sleeps, and times are exact."""

import asyncio
import selectors
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class _Skipping(selectors.SelectSelector):
    now = 1_000.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _Skipping()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


def run(scenario: Coroutine[Any, Any, None]) -> None:
    with beside_the_browsers(), asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(scenario)


def run_in_real_time(scenario: Coroutine[Any, Any, T]) -> T:
    with beside_the_browsers():
        return asyncio.run(scenario)


@contextmanager
def beside_the_browsers() -> Iterator[None]:
    """The driver of the browser leaves its event loop running in this thread, where no other could be run."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(running)
