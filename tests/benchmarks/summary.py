"""The summary of a year, as `GET /api/v1/usage/summary/` answers it, over synthetic generations."""

from collections.abc import Iterator
from datetime import datetime
from statistics import median
from time import perf_counter
from urllib.parse import urlencode

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_registry.usage.models import GenerationKey, UsageRollup
from models_registry.usage.periods import DAY, Grain
from models_registry.usage.synthesis import PREFIX
from tests.benchmarks import raw
from tests.benchmarks.lines import Line, number
from tests.benchmarks.preparing import Bench
from tests.client import Reporter

SUMMARY = "/api/v1/usage/summary/"
TIMES = 15
BAR = 100  # ms
YEAR, WEEK = 365 * DAY, 7 * DAY
ASKED = {  # the window that ends with the newest generation, and how it is told apart
    "a year": (YEAR, ""),
    "a year by model": (YEAR, "&by=model"),
    "a year by quality": (YEAR, "&by=quality"),
    "a year per month": (YEAR, "&per=month"),
    "a year per month by model": (YEAR, "&per=month&by=model"),
    "a year per day": (YEAR, "&per=day&page_size=200"),
    "a week per hour": (WEEK, "&per=hour&page_size=200"),
}


def measure(bench: Bench) -> Iterator[Line]:
    _load(bench.generations)
    until = Grain.HOUR.after(UsageRollup.objects.filter(grain=Grain.HOUR).latest("start").start)
    reporter = Reporter(bench.server, bench.token)
    for words, (length, more) in ASKED.items():
        window = {"from": told(until - length), "to": told(until)}
        path = f"{SUMMARY}?{urlencode(window)}{more}"
        times = sorted(_milliseconds(reporter, path) for _ in range(TIMES))
        yield Line(
            f"summary of {words}",
            median(times),
            unit=" ms",
            ours=f"{_queries(path, bench.token)} queries",
            beside=f"{number(times[-1])} ms at most",
            at_most=BAR if length == YEAR else None,
        )
    reporter.close()


def told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _load(generations: int) -> None:
    """What is missing of them; what other benchmarks recorded may stand beside."""
    made = GenerationKey.objects.filter(pk__startswith=PREFIX).count()
    if made < generations:
        call_command("make_usage", generations=generations, mix=True, verbosity=2)
    raw.sweep()


def _milliseconds(reporter: Reporter, path: str) -> float:
    begun = perf_counter()
    status, answer = reporter.get(path)
    if status != 200 or not answer["results"]:
        raise RuntimeError(f"There is no summary: {status} {answer}")
    return 1_000 * (perf_counter() - begun)


def _queries(path: str, token: str) -> int:
    """Of one request, those that know the caller included."""
    with CaptureQueriesContext(connection) as captured:
        Client(SERVER_NAME="127.0.0.1").get(path, headers={"Authorization": f"Bearer {token}"})
    return len(captured)
