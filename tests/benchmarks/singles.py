"""One generation after the other: in process, and over HTTP, beside the same SQL sent by psycopg."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from time import perf_counter

from models_registry.usage.recording import record
from tests.benchmarks import raw, traffic
from tests.benchmarks.lines import Line, compared
from tests.benchmarks.preparing import Bench
from tests.client import Reporter, single

ROUNDS = 5  # the first warms up
EACH = 100  # generations of one side in one round


def measure(bench: Bench) -> Iterator[Line]:
    ours, sent, theirs = (_rounds(seed) for seed in (11, 12, 13))
    known = [[raw.taken_down(lambda item=item: _record(item)) for item in items] for items in theirs]
    raw.sweep()
    in_process, over_http = [], []
    with bench.raw() as connection:
        for turn in range(ROUNDS):
            beside = _rate(lambda turn=turn: raw.run(connection, known[turn]))
            in_process.append((_rate(lambda turn=turn: _record_all(ours[turn])), beside))
            over_http.append((_rate(lambda turn=turn: _send(bench, sent[turn])), beside))
    yield compared("singles in process ÷ their SQL", in_process[1:], at_least=1 / 3)
    yield compared("singles over HTTP, 1 connection ÷ their SQL", over_http[1:])


def _rounds(seed: int) -> list[list[traffic.Item]]:
    items = traffic.items(seed=seed)
    return [list(islice(items, EACH)) for _ in range(ROUNDS)]


def _record_all(items: Sequence[traffic.Item]) -> None:
    for item in items:
        _record(item)


def _record(item: traffic.Item) -> None:
    values = {name: value for name, value in item.items() if name != "model_id"}
    record(item["model_id"], values)


def _send(bench: Bench, items: Sequence[traffic.Item]) -> None:
    reporter = Reporter(bench.server, bench.token)
    for item in items:
        values = {name: value for name, value in item.items() if name != "model_id"}
        status, answer = reporter.post(single(item["model_id"]), json.dumps(values).encode())
        if status != 201:
            raise RuntimeError(f"The generation was not recorded: {status} {answer}")
    reporter.close()


def _rate(work: Callable[[], None]) -> float:
    begun = perf_counter()
    work()
    return EACH / (perf_counter() - begun)
