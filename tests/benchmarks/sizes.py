"""Django without the edge, and the edge's start, in a catalogue that is a hundred times as large."""

from collections.abc import Iterator

from tests.benchmarks.asking import asking
from tests.benchmarks.lines import Line, compared
from tests.benchmarks.preparing import Bench
from tests.benchmarks.reads import LIST
from tests.benchmarks.rounds import rounds

SMALL, BIG = 100, 10_000
SLOWER = 3.0  # times


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
