"""Mixed load in which nothing breaks: nothing grows, and nothing is left open.

What Python keeps at hand grows with what has been answered, ever more slowly: by one or two per cent each
time that number doubles. The short form measures one such doubling, so that it tells the same however busy
the machine is; it finds what leaks some kilobytes an answer. The long form finds less than a tenth of that.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

import psycopg

from tests.chaos.load import Load
from tests.chaos.processes import Held, growth, held
from tests.chaos.shown import Say, Shown
from tests.chaos.stage import DATABASE, WORKERS, broken_promises, folder, furnish, postgresql, server
from tests.chaos.visitors import EVERYBODY
from tests.server import Server
from videoai.deploy.local.postgresql import PostgreSQL

TITLE, QUICK_TITLE = "a long time of mixed load", "about a minute of mixed load"
MUST_SHOW = "flat memory (≤ 5 % growth after warm-up), no leaked connection"

MINUTES, LEAST_MINUTES = 30.0, 7  # warm-up, and a window behind it
NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]+)?")
MOST_GROWTH = 5.0  # per cent
MOST_CONNECTIONS = WORKERS * 12  # as `doctor` counts them
EVERY = 0.5  # seconds between two looks
TOLD_EVERY = 15.0
# Everything is asked for by two of each, so that every thread that may exist does.
VISITORS = (*EVERYBODY, *EVERYBODY)


class Times(NamedTuple):
    """In seconds. The memory of a window is its median, so that one collection of garbage tells nothing."""

    warm_up: float  # or longer, until so much is answered, but not for ever
    answers: int
    longest_warm_up: float
    window: float
    measured: float


LONG = Times(warm_up=240, answers=0, longest_warm_up=240, window=120, measured=MINUTES * 60 - 240)
QUICK = Times(warm_up=20, answers=4_000, longest_warm_up=40, window=5, measured=30)


class Stage(NamedTuple):
    """What is watched, and who says how far it is."""

    served: Server
    primary: PostgreSQL
    load: Load
    say: Say


def run(*, quick: bool, say: Say) -> Shown:
    times = QUICK if quick else LONG._replace(measured=60 * _minutes() - LONG.warm_up)
    with folder() as place, postgresql(place) as primary:
        url = primary.url(DATABASE)
        furnished = furnish(url)
        with server(url, place) as served:
            with Load(served, furnished, visitors=VISITORS) as load:
                begun, stage = time.monotonic(), Stage(served, primary, load, say)
                warming = list(_watched(stage, until=_warm(load, times)))
                say(f"warm after {load.answered:,} answers")
                samples = list(_watched(stage, until=_measured(load, times, quick=quick)))
                seconds = time.monotonic() - begun
            served.end()
        faults = [*load.all_faults(place), *_left_open(primary), *broken_promises(url, load.writes)]
    say(load.told())
    grown = growth(samples, window=times.window)
    figures = (
        f"{seconds:,.0f} s, {load.answered:,} answers, {load.number_of_faults} faults; "
        + ", ".join(f"{first / 1024:.1f} → {last / 1024:.1f} MB" for first, last in grown.values())
        + f"; {_connections(samples)} connections (≤ {MOST_CONNECTIONS}), none left at the end"
    )
    return Shown(figures, [*faults, *_growth(grown), *_opened(warming, samples, times.window)])


def _warm(load: Load, times: Times) -> Callable[[float], bool]:
    def is_over(seconds: float) -> bool:
        is_much = load.answered >= times.answers
        return seconds >= (times.warm_up if is_much else times.longest_warm_up)

    return is_over


def _measured(load: Load, times: Times, *, quick: bool) -> Callable[[float], bool]:
    """The short form has seen enough when as much is answered as in the warm-up."""
    twice = 2 * load.answered

    def is_over(seconds: float) -> bool:
        is_enough = quick and seconds >= 2 * times.window and load.answered >= twice
        return is_enough or seconds >= times.measured

    return is_over


def _minutes() -> float:
    text = os.environ.get("CHAOS_MINUTES") or str(MINUTES)
    if not NUMBER.fullmatch(text) or float(text) < LEAST_MINUTES:
        raise ValueError(f"CHAOS_MINUTES={text} is no number of minutes, {LEAST_MINUTES} or more.")
    return float(text)


def _watched(stage: Stage, *, until: Callable[[float], bool]) -> Iterator[Held]:
    pids, begun, told = stage.served.processes(), time.monotonic(), 0.0
    with stage.primary.connect() as watcher:
        while not until(at := time.monotonic() - begun):
            sample = held(pids, connections=_number_of_connections(watcher), at=at)
            if at >= told:
                stage.say(_told(sample))
                told += TOLD_EVERY
            yield sample
            time.sleep(EVERY)


def _number_of_connections(watcher: "psycopg.Connection[tuple[object, ...]]") -> int:
    row = watcher.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [DATABASE]).fetchone()
    return int(str(row[0])) if row else 0


def _told(sample: Held) -> str:
    memory = ", ".join(f"{kilobytes / 1024:.1f}" for kilobytes in sample.kilobytes.values())
    files = ", ".join(map(str, sample.files.values()))
    return f"{memory} MB; {files} files; {sample.connections} connections"


def _connections(samples: Sequence[Held]) -> int:
    return round(median(one.connections for one in samples))


def _growth(grown: dict[int, tuple[float, float]]) -> Iterator[str]:
    for first, last in grown.values():
        per_cent = 100 * (last / first - 1)
        if per_cent > MOST_GROWTH:
            yield f"A process grew by {per_cent:.1f} %, from {first / 1024:.1f} to {last / 1024:.1f} MB."


def _opened(warming: Sequence[Held], samples: Sequence[Held], window: float) -> Iterator[str]:
    """A thread may have its first work late, but there are no more connections than threads that need one."""
    if (most := max(one.connections for one in samples)) > MOST_CONNECTIONS:
        yield f"There were {most} connections; the server may hold {MOST_CONNECTIONS}."
    last = [one for one in samples if one.at > samples[-1].at - window]
    files, files_then = (median(sum(one.files.values()) for one in some) for some in (warming, last))
    # Clients connect anew all the time, and are not always seen to have gone at once.
    if files_then > files + len(VISITORS):
        yield f"Open files rose from {files:.0f} in the warm-up to {files_then:.0f} at the end."


def _left_open(primary: PostgreSQL) -> Iterator[str]:
    with primary.connect() as watcher:
        if left := _number_of_connections(watcher):
            yield f"{left} connections are left after the server has ended."
