"""Live streams that wait: what they cost in memory, and how soon they are told of a commit."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import quantiles
from time import monotonic, sleep
from typing import NamedTuple

import psycopg

from tests.benchmarks.answers import ask
from tests.benchmarks.catalogue import Catalogue
from tests.benchmarks.lines import Line, number
from tests.benchmarks.preparing import Bench
from tests.benchmarks.reads import DETAIL, MODEL, MODELS
from tests.benchmarks.wrk import WrongAnswers
from tests.server import ROOT, Server

COMMITS = 20
SETTLING = 1.0  # seconds without growth
RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")
FILES_BESIDE = 500  # that a process opens besides its streams
CHANGE = "UPDATE models SET cost_per_second = %s WHERE model_id = %s"
REVISION = "SELECT revision FROM catalogue_revision"


class Bars(NamedTuple):
    pause: float  # seconds between commits
    megabytes: float
    milliseconds: float


BARS = {1_000: Bars(0.25, 40, 60), 8_000: Bars(1.0, 350, 700)}


def measure(bench: Bench) -> Iterator[Line]:
    catalogue = bench.catalogue(models=MODELS)
    for clients, bars in BARS.items():
        memory, delay = f"{clients:,} streams: memory", f"{clients:,} streams: p99 from commit to client"
        if not allowed(clients + FILES_BESIDE):
            yield Line(memory, None, unit=" MB", at_most=bars.megabytes)
            yield Line(delay, None, unit=" ms", at_most=bars.milliseconds)
            continue
        grown, delays = _streamed(catalogue, clients, pause=bars.pause)
        yield Line(memory, grown, unit=" MB", at_most=bars.megabytes)
        yield Line(
            delay,
            quantiles(delays, n=100)[-1],
            unit=" ms",
            spread=f"{number(min(delays))}–{number(max(delays))} ms",
            at_most=bars.milliseconds,
        )


def allowed(files: int) -> bool:
    """Let this process, and those it starts, open so many; False when the system forbids it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        print(f"ulimit -Hn is {hard:,}; {files:,} are needed.", file=sys.stderr)  # noqa: T201
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))
    return True


def _streamed(catalogue: Catalogue, clients: int, *, pause: float) -> tuple[float, list[float]]:
    """How much the server grew, in MB, and how long each client waited for each commit, in ms."""
    most = str(clients + 1)
    with catalogue.edge(EDGE_STREAMS=most, EDGE_STREAMS_PER_ADDRESS=most) as edge:
        ask(edge.port, DETAIL)
        before = settled(lambda: _resident(edge))
        words = [sys.executable, "-m", "tests.benchmarks.idle_clients", str(edge.port), str(clients)]
        with subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            if process.stdout.readline() != "open\n":
                raise WrongAnswers("Not all streams were opened; the reason stands above.")
            with catalogue.connect() as connection:
                committed = dict(_commit(connection, turn, pause) for turn in range(COMMITS))
            grown = _resident(edge) - before
            told, _ = process.communicate()
    came = {int(revision): times for revision, times in json.loads(told).items()}
    return grown, list(delays(committed, came, clients=clients))


def _commit(connection: psycopg.Connection, turn: int, pause: float) -> tuple[int, float]:
    """The revision, and when it was committed; then there is time for everybody to hear of it."""
    connection.execute(CHANGE, [0.02 + turn / 100, MODEL])
    moment = monotonic()
    found = connection.execute(REVISION).fetchone()
    assert found is not None
    sleep(pause)
    return found[0], moment


def delays(committed: dict[int, float], came: dict[int, Sequence[float]], *, clients: int) -> Iterator[float]:
    """In ms. Raises WrongAnswers when a client did not hear of a commit, or heard of it twice."""
    for revision, moment in committed.items():
        times = came.get(revision, [])
        if len(times) != clients:
            raise WrongAnswers(f"Revision {revision} came to {len(times):,} of {clients:,} clients.")
        yield from (1_000 * (time - moment) for time in times)


def settled(measure: Callable[[], float]) -> float:
    """What `measure` tells once it tells the same: after a start, the catalogue is being made ready."""
    was, now = -1.0, measure()
    while now > was:
        sleep(SETTLING)
        was, now = now, measure()
    return now


def _resident(server: Server) -> float:
    """MB that all its processes hold in memory."""
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in server.processes()]
    return sum(int(found[1]) for status in statuses if (found := RESIDENT.search(status))) * 1_024 / 1e6
