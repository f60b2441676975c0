"""Django without the edge: in a catalogue that is a hundred times as large, and with every price at once."""

from collections.abc import Callable, Iterator
from statistics import median
from time import monotonic

from tests.benchmarks.asking import Asking, asking
from tests.benchmarks.lines import Line, compared
from tests.benchmarks.preparing import Bench
from tests.benchmarks.reads import LIST, MODELS, PATHS
from tests.benchmarks.rounds import rounds

SMALL, BIG = 100, 10_000
SLOWER = 3.0  # times
MATRIX, _ = PATHS["matrix"]
PATIENCE_MS = 1_000


def measure(bench: Bench) -> Iterator[Line]:
    small, big = (bench.catalogue(models=models) for models in (SMALL, BIG))
    with small.plain() as few, big.plain() as many:
        runs = rounds({"few": asking(few, LIST), "many": asking(many, LIST)}, times=bench.rounds)
    times = [
        (1_000 / one.rate, 1_000 / other.rate) for one, other in zip(runs["many"], runs["few"], strict=True)
    ]
    yield compared(
        f"list without the edge: {BIG:,} models ÷ {SMALL} models", times, unit=" ms", at_most=SLOWER
    )
    with bench.catalogue(models=MODELS).plain() as server:
        yield _whole_matrix(asking(server, MATRIX), bench.rounds)


def _whole_matrix(matrix: Asking, times: int) -> Line:
    """How long one caller waits for all prices, made anew for each of its requests."""
    waits = [_milliseconds(matrix.check) for _ in range(times)]
    return Line(
        f"matrix of {MODELS:,} models with twelve prices each, made anew",
        median(waits),
        unit=" ms",
        spread=f"{min(waits):.0f}–{max(waits):.0f}",
        at_most=PATIENCE_MS,
    )


def _milliseconds(do: Callable[[], None]) -> float:
    begun = monotonic()
    do()
    return 1_000 * (monotonic() - begun)
