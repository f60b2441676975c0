"""Ready answers while others ask for what has to be made: a busy Python process starves its event loop."""

import subprocess
from collections.abc import Callable, Iterator
from functools import partial

from tests.benchmarks import wrk
from tests.benchmarks.answers import ask
from tests.benchmarks.asking import Asking, asking
from tests.benchmarks.lines import Line, faster
from tests.benchmarks.preparing import Bench
from tests.benchmarks.reads import DETAIL, MODELS
from tests.benchmarks.rounds import rounds
from tests.benchmarks.wrk import Run, WrongAnswers

NEIGHBOURS = 2  # connections
UNCACHED = "/api/v1/models/stats/?page=2"  # figures move with every generation
SECONDS = 3


def measure(bench: Bench) -> Iterator[Line]:
    catalogue = bench.catalogue(models=MODELS)
    with catalogue.plain() as django:
        upstream = f"http://127.0.0.1:{django.port}"
        with catalogue.edge(EDGE_UPSTREAM=upstream) as apart, catalogue.edge(EDGE_UPSTREAM="") as together:
            contenders: dict[str, Callable[[], Run]] = {}
            for name, edge in {"apart": apart, "together": together}.items():
                detail = asking(edge, DETAIL, seconds=SECONDS)
                uncached = asking(edge, UNCACHED, seconds=SECONDS + 1)
                contenders[name] = detail
                contenders[f"{name}, hammered"] = partial(_hammered, detail, uncached)
            runs = rounds(contenders, times=bench.rounds)
            django.kill()
            if (answer := ask(apart.port, UNCACHED)).status < 500:
                raise WrongAnswers(f"{upstream} is gone, and its pages still come: {answer}")
    hammered = f"detail: with {NEIGHBOURS} connections that ask for uncached pages"
    yield faster(
        f"{hammered}, made in another process ÷ alone",
        runs["apart, hammered"],
        runs["apart"],
        at_least=0.55,
    )
    yield faster(
        f"{hammered}, made in the same process ÷ alone", runs["together, hammered"], runs["together"]
    )


def _hammered(detail: Asking, uncached: Asking) -> Run:
    """Of the detail. Raises WrongAnswers when the neighbours did not get their pages meanwhile."""
    words = wrk.command(uncached.url, seconds=uncached.seconds, connections=NEIGHBOURS)
    with subprocess.Popen(words, env=wrk.environment(), stdout=subprocess.PIPE, text=True) as neighbours:
        run = detail()
        told, _ = neighbours.communicate()
    pages = wrk.read(told, said="", asked=uncached.url)
    if not uncached.fits(pages):
        raise WrongAnswers(f"{uncached.url} answered {pages.size:,.0f} bytes.")
    return run
