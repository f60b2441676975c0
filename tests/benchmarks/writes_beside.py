"""Reading while somebody changes the catalogue: what did not change has to stay fast."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean

from tests.benchmarks import wrk
from tests.benchmarks.answers import Answer, ask
from tests.benchmarks.asking import asking
from tests.benchmarks.catalogue import MADE, PROVIDERS, Catalogue
from tests.benchmarks.lines import Line, faster
from tests.benchmarks.preparing import Bench
from tests.benchmarks.reads import DETAIL, LIST, MODEL
from tests.benchmarks.rounds import rounds
from tests.benchmarks.writing import Writer
from tests.benchmarks.wrk import Run, WrongAnswers
from tests.server import Server

MANY_PATHS = wrk.SCRIPTS / "many_paths.lua"
SIZES = {1_000: 0.50, 10_000: 0.40}  # models: the bar
SECONDS, QUICK_SECONDS = 3, 2  # of a run, so that writes fall into each
REQUESTS = 20_000  # of the mix; wrk begins again after them
CHECKED = 200  # details, and all lists
SIZE_TOLERANCE = 0.1  # writes change names and descriptions
LISTS = 0.2  # of the requests; the others are details
ORDERINGS = ("name", "-name", "cost_per_second", "-cost_per_second", "provider", "-created_at")
CATEGORIES = ("premium", "budget", "experimental")
PAGES = range(1, 11)
SMALL = "/small"


def measure(bench: Bench) -> Iterator[Line]:
    yield _details(bench)
    for models, bar in SIZES.items():
        if not bench.quick or models == min(SIZES):
            yield _mixed(bench, models=models, bar=bar)


def _details(bench: Bench) -> Line:
    catalogue = bench.catalogue(models=min(SIZES))
    writing = Writer(catalogue.database_url, a_second=1, spared=MODEL)
    with catalogue.edge() as edge, writing as writer:
        alone = asking(edge, DETAIL, seconds=_seconds(bench))
        runs = rounds({"alone": alone, "beside": lambda: _beside(writer, alone)}, times=bench.rounds)
    return faster("detail: with 1 write a second ÷ without", runs["beside"], runs["alone"], at_least=0.80)


@dataclass(frozen=True)
class Mixed:
    """Many paths of one server, as the file names them. Call it, and it measures."""

    server: Server
    paths: Path
    size: float  # bytes of an answer, on average
    seconds: int

    def __call__(self) -> Run:
        words = wrk.command(f"http://127.0.0.1:{self.server.port}/", seconds=self.seconds, script=MANY_PATHS)
        run = wrk.finished(words, PATHS=str(self.paths))
        if abs(run.size / self.size - 1) > SIZE_TOLERANCE:
            raise WrongAnswers(f"{self.paths}: {run.size:,.0f} bytes an answer, not {self.size:,.0f}.")
        return run


def _mixed(bench: Bench, *, models: int, bar: float) -> Line:
    catalogue = bench.catalogue(models=models)
    asked = mix(models, seed=models)
    with catalogue.edge() as edge, tempfile.TemporaryDirectory() as folder:
        small = asking(edge, DETAIL)
        with (
            catalogue.constant(edge, {SMALL: small.expected}) as constant,
            Writer(catalogue.database_url, a_second=10) as writer,
        ):
            size = check(catalogue, edge, asked)
            ours = Mixed(edge, _written(folder, "mix", asked), size, _seconds(bench))
            small_ones = _written(folder, "small", [SMALL])
            beside = Mixed(constant, small_ones, small.expected.size, _seconds(bench))
            runs = rounds({"edge": lambda: _beside(writer, ours), "constant": beside}, times=bench.rounds)
            check(catalogue, edge, asked)
    return faster(
        f"details and lists ({LISTS:.0%}) of {models:,} models, 10 writes a second: edge ÷ small constant",
        runs["edge"],
        runs["constant"],
        at_least=bar,
    )


def _seconds(bench: Bench) -> int:
    return QUICK_SECONDS if bench.quick else SECONDS


def _beside(writer: Writer, reading: Callable[[], Run]) -> Run:
    with writer.busy():
        return reading()


def mix(models: int, *, seed: int) -> list[str]:
    """Random details, and among them random lists of all kinds."""
    random = Random(seed)
    lists = list(_lists())
    return [
        random.choice(lists)
        if random.random() < LISTS
        else f"{LIST}{MADE}{random.randint(1, models - 10)}/"  # a few have names of their own
        for _ in range(REQUESTS)
    ]


def _lists() -> Iterator[str]:
    yield LIST
    for page in PAGES:
        yield f"{LIST}?page={page}"
        yield from (f"{LIST}?ordering={ordering}&page={page}" for ordering in ORDERINGS)
    yield from (f"{LIST}?provider=Provider%20{number}" for number in range(PROVIDERS))
    for page in (1, 2):
        yield from (f"{LIST}?category={category}&page={page}" for category in CATEGORIES)
        yield f"{LIST}premium/?page={page}"


def _written(folder: str, name: str, paths: list[str]) -> Path:
    file = Path(folder, name)
    file.write_text("\n".join(paths))
    return file


def check(catalogue: Catalogue, edge: Server, asked: list[str]) -> float:
    """The bytes of an answer on average.

    Raises WrongAnswers unless lists and details are answered, with models as they stand. The same requests
    make the lists ready that are asked for in the rounds.
    """
    with catalogue.connect() as connection:
        names = dict(connection.execute("SELECT model_id, name FROM models").fetchall())
    lists = [_checked(edge, path, names).size for path in _lists()]
    details = [path for path in asked if MADE in path][:CHECKED]
    sizes = [_checked(edge, path, names).size for path in details]
    return LISTS * mean(lists) + (1 - LISTS) * mean(sizes)


def _checked(edge: Server, path: str, names: Mapping[str, str]) -> Answer:
    answer = ask(edge.port, path)
    body = json.loads(answer.body) if answer.status == 200 else {}
    shown = body.get("results", [body])
    if not shown or any(names.get(one.get("model_id")) != one["name"] for one in shown):
        raise WrongAnswers(f"{path}: {answer}")
    return answer
