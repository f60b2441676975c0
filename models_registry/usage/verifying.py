"""Do generations, keys, sums and counters agree? Walks them month by month, and tells what doesn't.

All is read from one snapshot, so that recording may go on: who records commits generations and sums together,
and the snapshot holds both or neither.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from models_registry.models import AIModel
from models_registry.usage import horizon, keeping, partitions, retention
from models_registry.usage.comparing import Disagreement, disagreements, unreadable_sketches, wrong_counters
from models_registry.usage.months import in_reach
from models_registry.usage.periods import EARLIEST, LATEST, Grain
from models_registry.usage.rebuilding import months_with_anything
from models_registry.usage.snapshot import one_state
from models_registry.usage.sums import TABLES, Scope
from models_registry.values import shown

Progress = Callable[[str], None]  # what comes next


def silent(what: str) -> None:
    pass


class Verification:
    """One walk. What it has counted is complete once `findings` is."""

    def __init__(
        self,
        *,
        within: Scope | None = None,
        models: Sequence[int] = (),
        deep: bool = False,
        progress: Progress = silent,
    ) -> None:
        self.generations = self.sums = 0
        self.resting = 0  # generations that lie in no partition of their month
        self.late = 0  # generations of months that were dropped before
        self._within = within
        self._models = tuple(models)
        self._deep = deep
        self._progress = progress
        self._names: dict[int, str] = {}

    def findings(self) -> Iterator[str]:
        with one_state():
            horizon.hold(connection)  # generations are neither dropped nor moved meanwhile
            self._names = dict(AIModel.objects.values_list("pk", "model_id"))
            kept_since = horizon.kept_since(connection)
            for month in months_with_anything(self._within):
                self._progress(f"{month:%Y-%m}")
                yield from self._month(Scope.month(month, self._models), kept_since)
            if not self._models:
                self._progress("keys")
                yield from self._lonely_keys(kept_since)
            self._progress("counters")
            yield from map(self._told, wrong_counters(self._models))
            if self._within is None and not self._models:
                yield from _strange_grains()
                yield from _strange_times()
            self._count_late_and_resting(kept_since)

    def _month(self, scope: Scope, kept_since: datetime | None) -> Iterator[str]:
        self._count(scope)
        if kept_since is None or scope.start >= kept_since:
            yield from map(self._told, disagreements(Grain.HOUR, scope))
        for grain in Grain:
            yield from map(self._told, unreadable_sketches(grain, scope))
        for grain in (Grain.DAY, Grain.MONTH):
            yield from map(self._told, disagreements(grain, scope))
        yield from keeping.generations_without_key(scope)
        yield from keeping.impossible_generations(scope)
        if self._deep:
            yield from keeping.changed_generations(scope)

    def _count(self, scope: Scope) -> None:
        events, sums = scope.where("finished_at"), scope.where("start")
        self.generations += _count(f"SELECT COUNT(*) FROM generations WHERE {events.sql}", events.params)
        for table in TABLES:
            self.sums += _count(f"SELECT COUNT(*) FROM {table.name} WHERE {sums.sql}", sums.params)

    def _told(self, wrong: Disagreement) -> str:
        model = self._names.get(wrong.model, f"a model that isn't there ({wrong.model})")
        return f"{model}, {wrong.where}: {wrong.what}"

    def _lonely_keys(self, kept_since: datetime | None) -> Iterator[str]:
        since, until = (self._within.start, self._within.end) if self._within else (None, None)
        since = max(filter(None, (since, kept_since)), default=None)
        yield from keeping.keys_without_generation(since=since, until=until)

    def _count_late_and_resting(self, kept_since: datetime | None) -> None:
        self.late = retention.left_over() if kept_since else 0
        if partitions.partitioned(connection):
            movable = in_reach(connection, "finished_at")
            self.resting = _count(f"SELECT COUNT(*) FROM {partitions.REST} WHERE {movable}", []) - self.late


def _strange_grains() -> Iterator[str]:
    known = ", ".join(f"'{grain}'" for grain in Grain.values)
    for table in TABLES:
        for grain, rows in _rows(
            f"SELECT grain, COUNT(*) FROM {table.name} WHERE grain NOT IN ({known}) GROUP BY grain"
        ):
            yield f"{table.name}: {rows} rows of {shown(grain)}, which is neither hour, day nor month"


def _strange_times() -> Iterator[str]:
    first, end = (f"{bound:%Y-%m-%d}" for bound in (EARLIEST, LATEST))
    columns = {"generations": "finished_at", "generation_keys": "finished_at"}
    columns |= {table.name: "start" for table in TABLES}
    for table, column in columns.items():
        rows = _count(f"SELECT COUNT(*) FROM {table} WHERE NOT ({in_reach(connection, column)})", [])
        if rows:
            yield f"{table}: {rows} rows of times that are none, or not from {first} to {end}"


def _count(sql: str, params: Sequence[Any]) -> int:
    return int(_rows(sql, params)[0][0])


def _rows(sql: str, params: Sequence[Any] = ()) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
