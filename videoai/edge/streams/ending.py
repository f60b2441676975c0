"""Hearing of the end in time.

A server tells an application that it ends only once all connections are closed; but live streams close only
when the application ends them.
"""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def on_end(end: Callable[[], None]) -> None:
    """Have `end` called in the running loop, once the process is asked to stop; the server hears of it, too.

    Call it from the startup of the application. Outside of the main thread nobody can listen to signals.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        _listen(number, lambda: loop.call_soon_threadsafe(end))


def _listen(number: signal.Signals, tell: Callable[[], object]) -> None:
    before = signal.getsignal(number)

    def hear(number: int, frame: FrameType | None) -> None:
        tell()
        if callable(before):
            before(number, frame)

    signal.signal(number, hear)
