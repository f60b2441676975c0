"""Some of a pool's threads, for those who may keep them long: the others stay free for the rest."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from functools import partial
from threading import Lock
from typing import Any

Waiting = tuple["Future[Any]", Callable[[], Any]]


class Lane(Executor):
    """Works in the threads of `pool`, in at most `most` of them at a time; what is more waits in line."""

    def __init__(self, pool: Executor, *, most: int) -> None:
        self._pool = pool
        self._free = most
        self._waiting: deque[Waiting] = deque()
        self._lock = Lock()

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self._waiting.append((future, partial(work, *args, **kwargs)))
        self._begin()
        return future

    def _begin(self) -> None:
        while (waiting := self._next()) is not None:
            future, work = waiting
            if not future.set_running_or_notify_cancel():
                self._give_back()
                continue
            try:
                self._pool.submit(work).add_done_callback(partial(self._end, future))
            except RuntimeError:  # the pool is shut: nobody waits any more
                future.set_exception(CancelledError())
                self._give_back()

    def _next(self) -> Waiting | None:
        with self._lock:
            if not self._free or not self._waiting:
                return None
            self._free -= 1
            return self._waiting.popleft()

    def _give_back(self) -> None:
        with self._lock:
            self._free += 1

    def _end(self, future: "Future[Any]", done: "Future[Any]") -> None:
        error = CancelledError() if done.cancelled() else done.exception()
        if error is None:
            future.set_result(done.result())
        else:
            future.set_exception(error)
        self._give_back()
        self._begin()
