"""Counting in the memory of one process: no copies, one lock, and never more than so many callers."""

import math
import time
from collections import OrderedDict
from threading import Lock
from typing import NamedTuple


class Count(NamedTuple):
    number: int  # of the window so far, the last one included
    resets_in: int  # whole seconds until the window ends, at least 1


class Window:
    __slots__ = ("end", "number")

    def __init__(self, end: float) -> None:
        self.end = end
        self.number = 0


class Windows:
    """The windows of all keys, shared by all threads.

    Those of one length stand in the order in which they began, so that what ends first is found at once.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_length: dict[int, OrderedDict[str, Window]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def count(self, key: str, *, seconds: int, most: int, times: int = 1) -> Count:
        """Count one more of `key`, or some at once; `most` windows are remembered."""
        with self._lock:
            now = time.time()
            same_length = self._by_length.get(seconds)
            window = same_length.get(key) if same_length else None
            if window is None or window.end <= now:
                window = self._begin(key, seconds, now, most)
            window.number += times
            left = window.end - now
            # It is longer than the whole window by a rounding, or after the clock was put back.
            return Count(window.number, seconds if left > seconds else math.ceil(left))

    def clear(self) -> None:
        with self._lock:
            self._by_length.clear()
            self._size = 0

    def _begin(self, key: str, seconds: int, now: float, most: int) -> Window:
        same_length = self._by_length.setdefault(seconds, OrderedDict())
        if same_length.pop(key, None) is not None:
            self._size -= 1
        while self._size and self._size >= most:
            self._forget_one(now)
        window = same_length[key] = Window(now + seconds)
        self._size += 1
        return window

    def _forget_one(self, now: float) -> None:
        """One that has ended or, if there is none, the one that began first."""
        firsts = [
            (seconds, next(iter(windows.values())).end)
            for seconds, windows in self._by_length.items()
            if windows
        ]
        seconds, _ = min(firsts, key=lambda first: (first[1] > now, first[1] - first[0]))
        self._by_length[seconds].popitem(last=False)
        self._size -= 1
