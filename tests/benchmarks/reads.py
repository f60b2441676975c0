"""The edge's ready bytes beside the same bytes from the same server, which is the ceiling."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace

from tests.benchmarks.answers import Answer
from tests.benchmarks.asking import Asking, asking
from tests.benchmarks.lines import Line, compared, faster
from tests.benchmarks.preparing import Bench
from tests.benchmarks.rounds import rounds
from tests.benchmarks.wrk import Run, WrongAnswers
from tests.server import Server

MODELS = 1_000
MODEL = "bench/model-500"
DETAIL = f"/api/v1/models/{MODEL}/"
LIST = "/api/v1/models/"
COMBINATION = "quality=standard&duration=5"
# What is asked, and at which part of the constant of that size the bar hangs.
PATHS = {
    "list": (LIST, 0.65),
    "detail": (DETAIL, 0.60),
    "default": ("/api/v1/models/default/", 0.60),
    "validate": (f"{DETAIL}validate/?{COMBINATION}", 0.60),
    "quote": (f"/api/v1/pricing/quote/?model_id={MODEL}&{COMBINATION}", 0.60),
    "matrix": ("/api/v1/pricing/matrix/", 0.60),
    "compare": (f"/api/v1/pricing/compare/?{COMBINATION}", 0.60),
}
QUICK = ("list", "detail", "quote")
DJANGO = {"list": 100, "detail": 45}  # times as fast as without the edge
SLOWEST = 2.0  # times the 99th percentile of the constant
# What nobody promises anything about is told, so that nobody is fooled.
WITHOUT, BARE, VIEW = "without the edge (DRF)", "constant with one header", "Django's constant view"
ONE_HEADER = "content-type"


def measure(bench: Bench) -> Iterator[Line]:
    catalogue = bench.catalogue(models=MODELS)
    with ExitStack() as stack:
        edge, plain = (stack.enter_context(server) for server in (catalogue.edge(), catalogue.plain()))
        asked = {name: _same_from_both(edge, plain, path) for name, (path, _) in PATHS.items()}
        answers = {f"/{name}": one.expected for name, one in asked.items()}
        bare = {f"/bare/{name}": _bare(asked[name].expected) for name in DJANGO}
        constant = stack.enter_context(catalogue.constant(edge, {**answers, **bare}))
        django = stack.enter_context(catalogue.django_constant(plain, answers))
        for name in QUICK if bench.quick else PATHS:
            contenders = {"edge": asked[name], "constant": asking(constant, f"/{name}")}
            if name in DJANGO:
                contenders[WITHOUT] = asking(plain, asked[name].path)
            if name in DJANGO and not bench.quick:
                contenders[BARE] = asking(constant, f"/bare/{name}")
                contenders[VIEW] = asking(django, f"/{name}")
            yield from _lines(name, rounds(contenders, times=bench.rounds))
        yield _unchanged(asked["detail"], constant, bench.rounds)


def _same_from_both(edge: Server, plain: Server, path: str) -> Asking:
    """Raises WrongAnswers unless the edge answers what Django does without it."""
    ours, theirs = asking(edge, path), asking(plain, path)
    if (ours.expected.body, ours.expected.names) != (theirs.expected.body, theirs.expected.names):
        raise WrongAnswers(f"{path}: the edge answers {ours.expected}; Django {theirs.expected}")
    return ours


def _bare(answer: Answer) -> Answer:
    return replace(answer, headers=tuple(one for one in answer.headers if one[0].lower() == ONE_HEADER))


def _lines(name: str, runs: Mapping[str, list[Run]]) -> Iterator[Line]:
    edge = runs["edge"]
    yield faster(f"{name}: edge ÷ constant", edge, runs["constant"], at_least=PATHS[name][1])
    if name == "detail":
        slowest = [
            (one.p99 / 1e3, other.p99 / 1e3) for one, other in zip(edge, runs["constant"], strict=True)
        ]
        yield compared("detail: p99 of edge ÷ p99 of constant", slowest, unit=" ms", at_most=SLOWEST)
    for other in (WITHOUT, BARE, VIEW):
        if other in runs:
            bar = DJANGO[name] if other == WITHOUT else None
            yield faster(f"{name}: edge ÷ {other}", edge, runs[other], at_least=bar)


def _unchanged(detail: Asking, constant: Server, times: int) -> Line:
    tag = {"If-None-Match": detail.expected.header("etag")}
    contenders = {
        "edge": asking(detail.server, detail.path, headers=tag, status=304),
        "constant": asking(constant, "/detail"),
    }
    runs = rounds(contenders, times=times)
    return faster("detail unchanged (304): edge ÷ constant", runs["edge"], runs["constant"], at_least=0.60)
