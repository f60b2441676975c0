"""What the processes of a server hold: memory, files, and connections to the database."""

import re
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")


class Held(NamedTuple):
    at: float  # seconds
    kilobytes: dict[int, int]  # of each process
    files: dict[int, int]
    connections: int  # of all processes together


def held(pids: Sequence[int], *, connections: int, at: float) -> Held:
    kilobytes, files = {}, {}
    for pid in pids:
        with suppress(OSError):  # it ended just now
            status = Path(f"/proc/{pid}/status").read_text()
            files[pid] = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
            if found := RESIDENT.search(status):
                kilobytes[pid] = int(found[1])
    return Held(at, kilobytes, files, connections)


def growth(samples: Sequence[Held], *, window: float) -> dict[int, tuple[float, float]]:
    """Of each process, the median of kilobytes in the first `window`, and in the last."""
    first = [one for one in samples if one.at < samples[0].at + window]
    last = [one for one in samples if one.at > samples[-1].at - window]
    begun, ended = _medians(first), _medians(last)
    return {pid: (begun[pid], ended[pid]) for pid in begun.keys() & ended.keys()}


def _medians(samples: Sequence[Held]) -> dict[int, float]:
    found: dict[int, list[int]] = defaultdict(list)
    for sample in samples:
        for pid, kilobytes in sample.kilobytes.items():
            found[pid].append(kilobytes)
    return {pid: median(some) for pid, some in found.items()}
