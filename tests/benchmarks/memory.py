"""How much more memory a server takes that answers one big batch after the other."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from models_registry.usage.reports import LONGEST_ID
from tests.benchmarks import traffic
from tests.benchmarks.lines import Line
from tests.benchmarks.preparing import Bench
from tests.client import BATCH, Reporter
from tests.server import Server

BATCHES = 200
LIMIT = 1024 * 1024  # bytes of a body
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def measure(bench: Bench) -> Iterator[Line]:
    endless = traffic.items(seed=21)
    with Server(bench.server.database_url, workers=1) as server:
        reporter = Reporter(server, bench.token)
        _send(reporter, [next(endless)])
        before = _peak(server)
        peaks = [
            _peak(server) for _ in range(BATCHES) if _send(reporter, list(islice(endless, traffic.BATCH)))
        ]
        reporter.close()
    yield Line(
        f"memory of a server, after {BATCHES} batches of almost 1 MiB − before",
        peaks[-1] - before,
        unit=" MiB",
        ours=f"{peaks[-1]:.0f} MiB",
        beside=f"{before:.0f} MiB",
        at_most=100,
    )
    later = peaks[-1] - peaks[BATCHES // 2 - 1]
    yield Line("… what the second half of them added", later, unit=" MiB", at_most=8)


def _send(reporter: Reporter, items: list[traffic.Item]) -> bool:
    """With ids so long that the body of a whole batch is almost as large as one may be."""
    long = [{**item, "generation_id": item["generation_id"].ljust(LONGEST_ID, "x")} for item in items]
    padded = traffic.body(long).ljust(LIMIT if len(items) == traffic.BATCH else 0)
    status, answer = reporter.post(BATCH, padded)
    if status != 200 or answer["recorded"] != len(items):
        raise RuntimeError(f"The batch was not recorded: {status} {answer}")
    return True


def _peak(server: Server) -> float:
    """MiB that the process took at most, of those that answer the one that took most."""
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in server.processes()]
    return max(int(found[1]) for status in statuses if (found := PEAK.search(status))) / 1024
