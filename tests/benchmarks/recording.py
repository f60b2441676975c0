"""Single recordings of many callers at once, beside the best that psycopg does with a transaction each."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median
from typing import Any

import psycopg

from models_registry.models import AIModel
from models_registry.usage.recording import record
from tests.benchmarks import crowd, raw, wrk
from tests.benchmarks.catalogue import LIMITS
from tests.benchmarks.lines import Line, compared
from tests.benchmarks.preparing import Bench
from tests.benchmarks.raw import Statement
from tests.benchmarks.rounds import rounds
from tests.benchmarks.wrk import WrongAnswers
from tests.client import single
from tests.server import Server

CALLERS = 64
CONNECTIONS, QUICK_CONNECTIONS = (2, 8, 64), (2, 8)
EACH = 1_500  # transactions of psycopg's in a round
SECONDS = 2
SCRIPT = wrk.SCRIPTS / "recordings.lua"
GENERATION = {"generation_time": 12.5, "success": True, "duration": 5, "quality": "high"}
DURABLE = "-c synchronous_commit=on"  # as PostgreSQL is delivered: what was answered survives a power cut
RECORDED = "SELECT count(*) FROM generations WHERE starts_with(generation_id, %s)"


def measure(bench: Bench) -> Iterator[Line]:
    url, hot = os.environ["DATABASE_URL"], AIModel.objects.default().get()
    sql = _sql(hot.model_id)
    raw.sweep()
    durable = {**LIMITS, "PGOPTIONS": DURABLE}
    with Server(url, workers=1, environment=durable) as server, bench.raw() as connection:
        connection.autocommit = True
        contenders: dict[str, Callable[[], float]] = {
            "edge": lambda: _recorded(server, bench.token, hot.model_id, connection)
        }
        tried = QUICK_CONNECTIONS if bench.quick else CONNECTIONS
        for number in tried:
            contenders[str(number)] = partial(_transactions, url, sql, number)
        rates = rounds(contenders, times=bench.rounds)
    best = max(map(str, tried), key=lambda number: median(rates[number]))
    yield compared(
        f"single recordings, {CALLERS} callers, one model ÷ the same SQL, "
        f"a transaction each, {best} connections (the best of {', '.join(map(str, tried))})",
        zip(rates["edge"], rates[best], strict=True),
        at_least=2.0,
    )


def _recorded(server: Server, token: str, model_id: str, connection: psycopg.Connection) -> float:
    """A second. Raises WrongAnswers unless all that were answered are stored, and few others."""
    prefix = secrets.token_hex(8)
    words = wrk.command(
        f"http://127.0.0.1:{server.port}{single(model_id)}",
        seconds=SECONDS,
        connections=CALLERS,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        script=SCRIPT,
    )
    run = wrk.finished(words, PREFIX=prefix)
    (recorded,) = connection.execute(RECORDED, [prefix]).fetchone() or (0,)
    if not run.requests <= recorded <= run.requests + CALLERS:
        raise WrongAnswers(f"{run.requests:,} recordings were answered, and {recorded:,} are stored.")
    return run.rate


def _sql(model_id: str) -> Sequence[Statement]:
    """What recording one generation writes; what it reads before is not asked of psycopg."""
    values = {"generation_id": "bench", **GENERATION}
    return [one for one in raw.taken_down(lambda: record(model_id, values)) if "INSERT" in one.sql]


def _transactions(url: str, sql: Sequence[Statement], connections: int) -> float:
    """A second, of which each records a generation of its own."""
    prefix = secrets.token_hex(8)
    pieces = [[_named(one, f"{prefix}-{number}") for one in sql] for number in range(EACH)]
    return crowd.rate(pieces, partial(_connected, url), members=connections)


def _connected(url: str) -> crowd.Work:
    connection = psycopg.connect(url, options=DURABLE)
    return partial(raw.run_in_one_go, connection)


def _named(statement: Statement, generation_id: str) -> Statement:
    return Statement(statement.sql, [_with_id(one, generation_id) for one in statement.parameters])


def _with_id(parameter: Any, generation_id: str) -> Any:
    if not isinstance(parameter, list):
        return parameter
    return [{**row, "generation_id": generation_id} if "generation_id" in row else row for row in parameter]
