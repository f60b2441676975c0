"""Batches of 1,000 over HTTP, beside the same SQL sent by psycopg from one connection."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from models_registry.usage.recording import record_many
from tests.benchmarks import raw, traffic
from tests.benchmarks.lines import Line, compared
from tests.benchmarks.preparing import Bench
from tests.client import BATCH, Reporter

ROUNDS = 5  # the first warms up
EACH = 8  # batches of one side in one round
CROWD = 4


def measure(bench: Bench) -> Iterator[Line]:
    # Connections fall to processes by chance: only with some more than processes is each of them busy.
    clients = sorted({1, bench.server.workers, CROWD * bench.server.workers})
    sides = [
        [[traffic.body(batch) for batch in side] for side in _sides(seed)] for seed in range(len(clients))
    ]
    known = [[raw.taken_down(lambda batch=batch: record_many(batch)) for batch in side] for side in _sides(9)]
    raw.sweep()
    rounds: dict[int, list[tuple[float, float]]] = {number: [] for number in clients}
    with bench.raw() as connection:
        for turn in range(ROUNDS):
            theirs = _rate(lambda turn=turn: raw.run(connection, known[turn]))
            for side, number in zip(sides, clients, strict=True):
                ours = _rate(lambda side=side, turn=turn, number=number: _send(bench, side[turn], number))
                rounds[number].append((ours, theirs))
    for number, measured in rounds.items():
        noun = "1 connection" if number == 1 else f"{number} connections"
        yield compared(f"batches of 1,000 over HTTP, {noun} ÷ their SQL", measured[1:], at_least=0.6)


def _sides(seed: int) -> list[list[list[traffic.Item]]]:
    batches = traffic.batches(ROUNDS * EACH, seed=seed)
    return [batches[start : start + EACH] for start in range(0, len(batches), EACH)]


def _send(bench: Bench, bodies: Sequence[bytes], connections: int) -> None:
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(lambda first: _send_some(bench, bodies[first::connections]), range(connections)))


def _send_some(bench: Bench, bodies: Sequence[bytes]) -> None:
    reporter = Reporter(bench.server, bench.token)
    for body in bodies:
        status, answer = reporter.post(BATCH, body)
        if status != 200 or answer["recorded"] != traffic.BATCH:
            raise RuntimeError(f"The batch was not recorded: {status} {answer}")
    reporter.close()


def _rate(work) -> float:
    begun = perf_counter()
    work()
    return EACH * traffic.BATCH / (perf_counter() - begun)
