"""How many connections the server of this machine may come to hold."""

from typing import NamedTuple

from django.conf import settings

from videoai.cores import cores
from videoai.edge.building import MAKERS
from videoai.environment import whole_number

LOOKING = 1  # with the edge: a connection of its own, which no pool gives
RECORDING = 2  # with the edge: a thread to record, and one to carry out what is due
METRICS = WATCHING = 1  # a thread that reads for metrics, and one that looks after replicas


class Wanted(NamedTuple):
    number: int
    told: str


def wanted_connections() -> Wanted:
    """By the settings as they are here; other machines come on top. Raises ImproperlyConfigured."""
    processes = whole_number("WORKERS", default=cores(), least=1, most=1_000)
    each = _of_a_process()
    told = f"{processes} processes × {each} connections are {processes * each} at most, from this machine"
    return Wanted(processes * each, told)


def _of_a_process() -> int:
    threads = METRICS + (WATCHING if settings.DATABASE_ROUTERS else 0)
    if not settings.EDGE:
        return _bounded(threads + 1)
    answering = 0 if settings.EDGE_UPSTREAM else settings.EDGE_THREADS + MAKERS
    return LOOKING + _bounded(threads + RECORDING + answering)


def _bounded(threads: int) -> int:
    """What so many threads hold at the most."""
    pool: int = settings.DATABASE_POOL_SIZE
    return min(pool, threads) if pool else threads
