"""What is counted in this process, as plain numbers. Nothing of Django in here: every floor may count.

`count("videoai_cache_errors_total")` is all it takes. Labels come from small closed sets: routes and
statuses, never a model's id or a path.
"""

import os
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from threading import Lock
from typing import NamedTuple

# The name, then the values of the labels; of a histogram also the bucket, or `SUM`.
Key = tuple[str, ...]
Numbers = dict[Key, float]

DURATION = "videoai_http_request_duration_seconds"
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SUM = "sum"


class Kind(Enum):
    COUNTER = "counter"
    GAUGE = "gauge"  # of one process; those of all that live are added up
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    name: str
    told: str
    kind: Kind = Kind.COUNTER
    labels: tuple[str, ...] = ()


# What processes count. What the database tells stands in `catalogue.py`.
METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "videoai_http_requests_total",
            "Requests answered.",
            labels=("route", "method", "status", "answered_by"),
        ),
        Metric(DURATION, "From a request to its answer.", Kind.HISTOGRAM, ("route",)),
        Metric("videoai_http_response_bytes_total", "Bytes of bodies sent.", labels=("answered_by",)),
        Metric(
            "videoai_edge_requests_total",
            "Reads that the edge answered: from what was ready (hit), or after having it made (miss).",
            labels=("result",),
        ),
        Metric("videoai_edge_cache_bytes", "Memory of ready answers.", Kind.GAUGE),
        Metric("videoai_edge_cache_entries", "Ready answers.", Kind.GAUGE),
        Metric("videoai_streams", "Live streams that are open.", Kind.GAUGE),
        Metric("videoai_recordings_total", "Generations that were reported.", labels=("result",)),
        Metric("videoai_database_errors_total", "Statements and connections that failed.", labels=("kind",)),
        Metric("videoai_slow_queries_total", "Statements that took longer than SLOW_QUERY_MILLISECONDS."),
        Metric("videoai_cache_errors_total", "Times that Redis did not count."),
        Metric(
            "videoai_transactions_repeated_total", "Transactions that were begun anew.", labels=("reason",)
        ),
        Metric("videoai_log_lines_lost_total", "Lines of the log that nobody took in time."),
        Metric("videoai_workers", "Processes that answer.", Kind.GAUGE),
        Metric("videoai_resident_memory_bytes", "Memory of all processes that answer.", Kind.GAUGE),
        Metric("videoai_open_files", "Open file descriptors of all processes that answer.", Kind.GAUGE),
        Metric("videoai_cpu_seconds_total", "Processor time of all processes."),
    )
}
# There from the start, so that their first increase is seen.
ZEROS: list[Key] = [
    ("videoai_edge_requests_total", "hit"),
    ("videoai_edge_requests_total", "miss"),
    ("videoai_cache_errors_total",),
    ("videoai_slow_queries_total",),
    ("videoai_log_lines_lost_total",),
    *(
        ("videoai_database_errors_total", kind)
        for kind in ("lost_connection", "silent", "deadlock", "busy", "lock_timeout", "statement_timeout")
    ),
    *(("videoai_recordings_total", result) for result in ("new", "duplicate", "refused")),
]


class Tallies:
    """The numbers of one process."""

    def __init__(self) -> None:
        self._numbers: Numbers = dict.fromkeys(ZEROS, 0.0)
        self._gauges: dict[Key, Callable[[], float]] = {}
        self._lock = Lock()

    def add(self, key: Key, by: float = 1) -> None:
        with self._lock:
            self._numbers[key] = self._numbers.get(key, 0) + by

    def observe(self, route: str, seconds: Iterable[float]) -> None:
        """Put durations of a route into the histogram."""
        ordered = sorted(seconds)
        below = [bisect_right(ordered, bound) for bound in BOUNDS]
        steps = _steps([*below, len(ordered)])
        with self._lock:
            numbers = self._numbers
            for place, step in enumerate(steps):
                if step:
                    key = (DURATION, route, str(place))
                    numbers[key] = numbers.get(key, 0) + step
            key = (DURATION, route, SUM)
            numbers[key] = numbers.get(key, 0) + sum(ordered)

    def sample(self, key: Key, read: Callable[[], float]) -> None:
        """Ask `read` whenever the numbers are."""
        self._gauges[key] = read

    def snapshot(self) -> Numbers:
        sampled = {key: read() for key, read in list(self._gauges.items())}
        with self._lock:
            return {**self._numbers, **sampled}


def _steps(totals: Sequence[int]) -> list[int]:
    return [after - before for before, after in zip([0, *totals], totals, strict=False)]


def _memory() -> float:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path to be made of it
            return float(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not on Linux
        return 0.0


def _open_files() -> float:
    try:
        return float(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - names alone
    except OSError:
        return 0.0


tallies = Tallies()
tallies.sample(("videoai_workers",), lambda: 1.0)
tallies.sample(("videoai_resident_memory_bytes",), _memory)
tallies.sample(("videoai_open_files",), _open_files)
tallies.sample(("videoai_cpu_seconds_total",), time.process_time)


def count(name: str, *labels: str, by: float = 1) -> None:
    """Count one more, or some at once. `labels` are values, in the order of METRICS."""
    tallies.add((name, *labels), by)
