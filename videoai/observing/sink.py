"""Where lines of the log go: to standard error, and nobody ever waits for who reads it.

What a pipe has room for is written at once; the rest waits for a thread, within a bound of memory. When the
reader stops, requests go on, and lines are lost; how many is said as soon as somebody reads again.
"""

import atexit
import logging
import os
import select
import sys
import threading
from collections import deque
from contextlib import suppress
from multiprocessing.util import Finalize

from videoai.observing.metrics import count

logger = logging.getLogger(__name__)

MOST_BYTES = 8 * 1024 * 1024
# So long a process that ends waits for its last lines to be taken.
SECONDS_TO_END = 1.0
# Whole lines within this bound never get mixed with those of other processes, and never wait for room that
# was there a moment ago.
PIECE = select.PIPE_BUF if hasattr(select, "PIPE_BUF") else 512
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
            if not self._held:
                text = self._put(text, self._descriptor, patient=False)
            if text:
                self._keep(text)

    def flush(self, seconds: float = SECONDS_TO_END) -> bool:
        """Wait until all is written, but not for ever; False if it is not."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, seconds)

    def forget_the_parent(self) -> None:
        """In a process that was forked: its parent writes what it had."""
        self._waiting.clear()
        self._held = self._lost = 0
        self._changed, self._thread = threading.Condition(), None

    def _keep(self, text: bytes) -> None:
        if self._held + len(text) > self._most_bytes:
            lost = text.count(b"\n")
            self._lost += lost
            count(LOST, by=lost)  # now: who never reads again would never hear of it
            return
        self._held += len(text)
        self._waiting.append(text)
        self._begin()
        self._changed.notify_all()

    def _begin(self) -> None:
        if self._thread is None:
            # A daemon: a pipe that nobody reads must keep no process from ending.
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            with suppress(RuntimeError):  # the interpreter is ending; what is written now is lost
                self._thread.start()
            # A worker that was forked ends without what `atexit` knows.
            Finalize(None, self.flush, exitpriority=0)

    def _run(self) -> None:
        """In the thread."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                text = self._waiting.popleft()
            if self._descriptor is not None:
                self._put(text, self._descriptor, patient=True)
            with self._changed:
                self._held -= len(text)
                lost, self._lost = (0, self._lost) if self._held else (self._lost, 0)
                self._changed.notify_all()
            if lost:
                logger.warning("%d lines of the log were lost: nobody took them in time.", lost)

    def _put(self, text: bytes, descriptor: int, *, patient: bool) -> bytes:
        """Write `text`; what there is no room for comes back, unless it may take its time."""
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        start = 0
        while start < len(text):
            if not poll.poll(None if patient else 0):
                return text[start:]
            try:
                start += os.write(descriptor, text[start : _end_of_piece(text, start)])
            except BlockingIOError:
                continue  # somebody else was quicker
            except OSError:
                count(LOST, by=text.count(b"\n", start))  # its reader has gone, or the disk is full
                return b""
        return b""


def _end_of_piece(text: bytes, start: int) -> int:
    """Behind the last line that ends within a piece; a longer line goes out as it is."""
    if len(text) - start <= PIECE:
        return len(text)
    end = text.rfind(b"\n", start, start + PIECE)
    return end + 1 if end >= 0 else start + PIECE


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
