"""Many at once, each a process with a connection of its own."""

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import BrokenBarrierError
from time import perf_counter
from typing import Any

from django.db import connections

Work = Callable[[Any], object]


def rate(pieces: Sequence[Any], connect: Callable[[], Work], *, members: int) -> float:
    """Pieces a second, once all are connected. Raises RuntimeError when any fails, as by a deadlock."""
    connections.close_all()  # what is forked must not share one
    fork = multiprocessing.get_context("fork")
    start, failures = fork.Barrier(members + 1), fork.SimpleQueue()
    processes = [
        fork.Process(target=_work, args=(pieces[first::members], connect, start, failures))
        for first in range(members)
    ]
    for process in processes:
        process.start()
    with suppress(BrokenBarrierError):  # who broke it says why
        start.wait()
    begun = perf_counter()
    for process in processes:
        process.join()
    took = perf_counter() - begun
    if not failures.empty() or any(process.exitcode for process in processes):
        raise RuntimeError(f"One failed: {failures.get() if not failures.empty() else 'it died'}")
    return len(pieces) / took


def _work(pieces: Sequence[Any], connect: Callable[[], Work], start: Any, failures: Any) -> None:
    try:
        work = connect()
        start.wait()
        for piece in pieces:
            work(piece)
    except BrokenBarrierError:
        sys.exit(1)  # another one failed
    except Exception as error:
        failures.put(repr(error))
        start.abort()
        raise
    finally:
        connections.close_all()
