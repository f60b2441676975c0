"""Where lines of the log go: to standard error, by a thread, so that nobody waits for who reads it.

Within a bound of memory. When the reader of a pipe stops, requests go on, and lines are lost; how many is
said as soon as somebody reads again.
"""

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from multiprocessing.util import Finalize

from videoai.observing.metrics import count

logger = logging.getLogger(__name__)

MOST_BYTES = 8 * 1024 * 1024
# So long a process that ends waits for its last lines to be taken.
SECONDS_TO_END = 1.0
# Written at once to a pipe; all of it fits into the usual buffer of one.
PIECE = 32 * 1024
LOST = "videoai_log_lines_lost_total"


class Sink:
    """Text, in whole lines, on its way to a file descriptor."""

    def __init__(self, descriptor: int | None, *, most_bytes: int = MOST_BYTES) -> None:
        """Without a descriptor, as when standard error is closed, everything is dropped."""
        self._descriptor, self._most_bytes = descriptor, most_bytes
        self._waiting: deque[bytes] = deque()
        self._held = self._lost = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, lines: str) -> None:
        """Never waits, never fails."""
        if self._descriptor is None:
            return
        text = lines.encode("utf-8", "backslashreplace")
        with self._changed:
            if self._held + len(text) > self._most_bytes:
                self._lose(text)
                return
            self._held += len(text)
            self._waiting.append(text)
            self._begin()
            self._changed.notify_all()

    def flush(self, seconds: float = SECONDS_TO_END) -> bool:
        """Wait until all is written, but not for ever; False if it is not."""
        deadline = time.monotonic() + seconds
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, deadline - time.monotonic())

    def forget_the_parent(self) -> None:
        """In a process that was forked: its parent writes what it had."""
        self._waiting.clear()
        self._held = self._lost = 0
        self._changed, self._thread = threading.Condition(), None

    def _begin(self) -> None:
        if self._thread is None:
            # A daemon: a pipe that nobody reads must keep no process from ending.
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            with suppress(RuntimeError):  # the interpreter is ending; what is written now is lost
                self._thread.start()
            # A worker that was forked ends without what `atexit` knows.
            Finalize(None, self.flush, exitpriority=0)

    def _lose(self, text: bytes) -> None:
        number = text.count(b"\n")
        self._lost += number
        count(LOST, by=number)

    # --- In the thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                taken = list(self._waiting)
                self._waiting.clear()
                lost, self._lost = self._lost, 0
            self._put(b"".join(taken))
            if lost:
                logger.warning("%d lines of the log were lost: nobody took them in time.", lost)
            with self._changed:
                self._held = sum(map(len, self._waiting))
                self._changed.notify_all()

    def _put(self, text: bytes) -> None:
        descriptor, rest = self._descriptor, memoryview(text)
        try:
            while rest and descriptor is not None:
                rest = rest[os.write(descriptor, rest[:PIECE]) :]
        except BlockingIOError:
            count(LOST, by=bytes(rest).count(b"\n"))  # somebody made the pipe one that does not wait
        except OSError:
            count(LOST, by=bytes(rest).count(b"\n"))  # its reader has gone


# Python has no `stderr` when it was closed: whatever has its number now is no place for a log.
sink = Sink(2 if sys.__stderr__ is not None else None)
atexit.register(sink.flush)
os.register_at_fork(after_in_child=sink.forget_the_parent)


class SinkHandler(logging.Handler):
    """Hands formatted records to the sink."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sink.write(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001 - as all handlers do: a line that can't be made breaks no request
            self.handleError(record)
