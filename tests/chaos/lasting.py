"""A long time of mixed load, in which nothing breaks: nothing grows, and nothing is left open."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

import psycopg

from tests.chaos.load import Load
from tests.chaos.processes import Held, growth, held
from tests.chaos.shown import Say, Shown
from tests.chaos.stage import DATABASE, broken_promises, folder, furnish, postgresql, server
from tests.chaos.visitors import EVERYBODY
from tests.server import Server
from videoai.deploy.local.postgresql import PostgreSQL

TITLE = "30 minutes of mixed load"
MUST_SHOW = "flat memory (≤ 5 % growth after warm-up), no leaked connection"

MINUTES, LEAST_MINUTES = 30.0, 7  # warm-up, and a window behind it
NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]+)?")
MOST_GROWTH = 5.0  # per cent
# Everything is asked for by two of each, so that every thread that may exist does.
VISITORS = (*EVERYBODY, *EVERYBODY)


class Times(NamedTuple):
    """In seconds. The memory of a window is its median, so that one collection of garbage tells nothing."""

    warm_up: float
    window: float
    every: float
    whole: float


LONG = Times(warm_up=240, window=120, every=2, whole=MINUTES * 60)
QUICK = Times(warm_up=24, window=10, every=0.5, whole=60)


def run(*, quick: bool, say: Say) -> Shown:
    times = QUICK if quick else LONG._replace(whole=60 * _minutes())
    with folder() as place, postgresql(place) as primary:
        url = primary.url(DATABASE)
        furnished = furnish(url)
        with server(url, place) as served:
            with Load(served, furnished, visitors=VISITORS) as load:
                samples = list(_watched(served, primary, times, say))
            served.end()
        faults = [*load.all_faults(place), *_left_open(primary), *broken_promises(url, load.writes)]
    say(load.told())
    grown = growth(samples, since=times.warm_up, window=times.window)
    figures = (
        f"{load.answers.total():,} answers, {load.number_of_faults} faults; "
        + ", ".join(f"{first / 1024:.1f} → {last / 1024:.1f} MB" for first, last in grown.values())
        + f"; {_connections(samples, times)} connections all the time, none left at the end"
    )
    return Shown(figures, [*faults, *_growth(grown), *_opened(samples, times)])


def _minutes() -> float:
    text = os.environ.get("CHAOS_MINUTES") or str(MINUTES)
    if not NUMBER.fullmatch(text) or float(text) < LEAST_MINUTES:
        raise ValueError(f"CHAOS_MINUTES={text} is no number of minutes, {LEAST_MINUTES} or more.")
    return float(text)


def _watched(served: Server, primary: PostgreSQL, times: Times, say: Say) -> Iterator[Held]:
    pids, begun, told = served.processes(), time.monotonic(), 0.0
    with primary.connect() as watcher:
        while (at := time.monotonic() - begun) < times.whole:
            sample = held(pids, connections=_number_of_connections(watcher), at=at)
            if at >= told:
                say(f"{at:.0f} s: {_told(sample)}")
                told += times.whole / 10
            yield sample
            time.sleep(times.every)


def _number_of_connections(watcher: "psycopg.Connection[tuple[object, ...]]") -> int:
    row = watcher.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [DATABASE]).fetchone()
    return int(str(row[0])) if row else 0


def _told(sample: Held) -> str:
    memory = ", ".join(f"{kilobytes / 1024:.1f}" for kilobytes in sample.kilobytes.values())
    files = ", ".join(map(str, sample.files.values()))
    return f"{memory} MB; {files} files; {sample.connections} connections"


def _connections(samples: Sequence[Held], times: Times) -> int:
    return round(median(one.connections for one in samples if one.at >= times.warm_up))


def _growth(grown: dict[int, tuple[float, float]]) -> Iterator[str]:
    for first, last in grown.values():
        per_cent = 100 * (last / first - 1)
        if per_cent > MOST_GROWTH:
            yield f"A process grew by {per_cent:.1f} %, from {first / 1024:.1f} to {last / 1024:.1f} MB."


def _opened(samples: Sequence[Held], times: Times) -> Iterator[str]:
    """All threads that there can be work in the warm-up, so all connections are made in it."""
    warming = [one for one in samples if one.at < times.warm_up]
    later = [one for one in samples if one.at >= times.warm_up]
    before, after = (max(one.connections for one in some) for some in (warming, later))
    if after > before:
        yield f"Connections rose from {before} to {after} after the warm-up."
    last = [one for one in later if one.at > later[-1].at - times.window]
    files, files_then = (median(sum(one.files.values()) for one in some) for some in (warming, last))
    # Clients connect anew all the time, and are not always seen to have gone at once.
    if files_then > files + len(VISITORS):
        yield f"Open files rose from {files:.0f} in the warm-up to {files_then:.0f} at the end."


def _left_open(primary: PostgreSQL) -> Iterator[str]:
    with primary.connect() as watcher:
        if left := _number_of_connections(watcher):
            yield f"{left} connections are left after the server has ended."
