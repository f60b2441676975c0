"""Many writers at once, each a process with a connection of its own, beside one writer alone."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db import connections

from models_registry.usage.recording import record, record_many
from tests.benchmarks import crowd, raw, traffic
from tests.benchmarks.lines import Line, compared
from tests.benchmarks.preparing import Bench

WRITERS = 8
ROUNDS = 4  # the first warms up
SINGLES = 200  # of a round, of all writers together
BATCHES = 16
OVERLAP = 4  # one generation in so many is in two batches


def measure(bench: Bench) -> Iterator[Line]:
    yield compared(
        f"singles on one model, {WRITERS} writers ÷ 1 writer", _rounds(_hot, SINGLES, _record), at_least=0.6
    )
    rounds = [
        (ours * traffic.BATCH, beside * traffic.BATCH)
        for ours, beside in _rounds(_overlapping, BATCHES, record_many)
    ]
    yield compared(f"overlapping batches, {WRITERS} writers ÷ 1 writer", rounds, at_least=0.6)


def _rounds(
    prepare: Callable[[int, int], list[Any]], number: int, work: crowd.Work
) -> list[tuple[float, float]]:
    raw.sweep()
    rounds = []
    for turn in range(ROUNDS):
        alone = crowd.rate(prepare(number, 1_000 + turn), lambda: _connected(work), members=1)
        together = crowd.rate(prepare(number, 2_000 + turn), lambda: _connected(work), members=WRITERS)
        rounds.append((together, alone))
    return rounds[1:]


def _hot(number: int, seed: int) -> list[traffic.Item]:
    """Singles, all of one model."""
    items = list(islice(traffic.items(seed=seed), number))
    return [{**item, "model_id": items[0]["model_id"]} for item in items]


def _overlapping(number: int, seed: int) -> list[list[traffic.Item]]:
    """Batches, each with some generations of the one before, which another writer sends at the same time."""
    batches = traffic.batches(number, seed=seed)
    shared = [batch[::OVERLAP] for batch in batches]
    return [[*batch[len(shared[index]) :], *shared[index - 1]] for index, batch in enumerate(batches)]


def _record(item: traffic.Item) -> None:
    record(item["model_id"], {name: value for name, value in item.items() if name != "model_id"})


def _connected(work: crowd.Work) -> crowd.Work:
    connections["default"].ensure_connection()
    return work
