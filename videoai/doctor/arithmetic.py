"""How many connections the server of this machine may come to hold."""

import os
from typing import NamedTuple

from django.conf import settings

from videoai.cores import cores
from videoai.edge.building import MAKERS

OWN = 3  # of a process with the edge: to look, to record, to carry out what is due


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
    if not settings.EDGE:
        return 1
    threads = 0 if settings.EDGE_UPSTREAM else int(settings.EDGE_THREADS) + MAKERS
    pool = int(getattr(settings, "DATABASE_POOL_SIZE", 0))
    return OWN + (min(pool, threads) if pool else threads)
