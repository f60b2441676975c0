"""How many connections the server of this machine may come to hold."""

import os
from typing import NamedTuple

from django.conf import settings

from videoai.cores import cores
from videoai.edge.building import MAKERS

OWN = (
    3  # of a process with the edge, beside its threads: to record, to carry out what is due, to tell metrics
)
LOOK = 1  # the edge's own connection, which is in no pool


class Wanted(NamedTuple):
    number: int
    told: str


def wanted_connections() -> Wanted:
    """By the settings as they are here; other machines come on top."""
    processes = _processes()
    each = _of_a_process()
    told = f"{processes} processes × {each} connections are {processes * each} at most, from this machine"
    return Wanted(processes * each, told)


def _processes() -> int:
    text = os.environ.get("WORKERS", "")
    return int(text) if text.isascii() and text.isdigit() else cores()


def _of_a_process() -> int:
    watching = 1 if len(settings.DATABASES) > 1 else 0  # asks the primary how far it is, for the replicas
    if not settings.EDGE:
        return 1 + watching
    threads = 0 if settings.EDGE_UPSTREAM else int(settings.EDGE_THREADS) + MAKERS
    wanted = threads + OWN + watching
    pool = int(settings.DATABASE_POOL_SIZE)
    return LOOK + (min(pool, wanted) if pool else wanted)
