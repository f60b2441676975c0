"""What stands after a storm, counted by other means than those that record and verify."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from models_registry.usage import sketch
from models_registry.usage.models import (
    Generation,
    GenerationKey,
    UsageCounter,
    UsageErrorCount,
    UsageRollup,
)
from tests.storm.planning import Item, Plan

MOST_TOLD = 5
STARTS = {"hour": "%Y-%m-%d %H", "day": "%Y-%m-%d", "month": "%Y-%m"}


class Fact(NamedTuple):
    """A generation, as it was sent and as it is stored."""

    generation_id: str
    model_id: str
    success: bool
    microseconds: int
    duration: int
    quality: str
    queue_microseconds: int | None
    error_code: str
    cost_nanodollars: int | None
    credits: int | None


def disagreements(plan: Plan) -> list[str]:
    """Where the tables don't hold exactly what `plan` sends, each generation once."""
    facts = [_fact(item) for item in plan.items.values()]
    stored = list(Generation.objects.select_related("model"))
    times = {row.generation_id: row.finished_at for row in stored}
    said = {key: _moment(item) for key, item in plan.items.items() if "finished_at" in item}
    sums, errors = _periods(facts, times)
    return [
        *_differences("keys", GenerationKey.objects.values_list("pk", "finished_at"), times.items()),
        *_differences("generations", map(_stored_fact, stored), facts),
        *_differences("times", [(key, times.get(key)) for key in said], said.items()),
        *_differences("counters", _counters(), _totals(facts)),
        *_differences("rollups", _rollups(), sums),
        *_differences("error codes", _error_counts(), errors),
    ]


def _differences(what: str, found: Iterable[Hashable], expected: Iterable[Hashable]) -> Iterator[str]:
    stands, should = Counter(found), Counter(expected)
    for word, rows in (("too many", stands - should), ("missing", should - stands)):
        if rows:
            examples = ", ".join(map(str, list(rows)[:MOST_TOLD]))
            yield f"{what}: {rows.total()} {word} of {should.total()}: {examples}"


# --- What was sent ---------------------------------------------------------------------------------------


def _fact(item: Item) -> Fact:
    return Fact(
        item["generation_id"],
        item["model_id"],
        item["success"],
        _scaled(item["generation_time"], 6) or 0,
        item["duration"] or 0,
        item["quality"] or "",
        _scaled(item["queue_time"], 6),
        item["error_code"] or "",
        _scaled(item["cost_usd"], 9),
        item["credits"],
    )


def _scaled(value: Any, decimals: int) -> int | None:
    return None if value is None else int(Decimal(str(value)).scaleb(decimals))


def _moment(item: Item) -> datetime:
    return datetime.fromisoformat(item["finished_at"])


def _totals(facts: Iterable[Fact]) -> Iterator[tuple[Hashable, ...]]:
    by_model: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_model[fact.model_id].append(fact)
    for model_id, some in by_model.items():
        yield model_id, len(some), sum(fact.success for fact in some), sum(fact.microseconds for fact in some)


def _periods(facts: Iterable[Fact], times: dict[str, datetime]) -> tuple[list[Hashable], list[Hashable]]:
    """The rows of rollups and error codes, by the times that are stored."""
    together: dict[tuple[Hashable, ...], list[Fact]] = defaultdict(list)
    for fact in facts:
        for grain, pattern in STARTS.items():
            if fact.generation_id in times:
                start = times[fact.generation_id].astimezone(UTC).strftime(pattern)
                together[fact.model_id, grain, start, fact.quality, fact.duration].append(fact)
    sums = [(*key, *_sums(some)) for key, some in together.items()]
    errors = [
        (*key, code, number)
        for key, some in together.items()
        for code, number in Counter(fact.error_code for fact in some if fact.error_code).items()
    ]
    return sums, errors


def _sums(facts: list[Fact]) -> Iterator[Hashable]:
    successes = [fact.microseconds for fact in facts if fact.success]
    yield from (len(facts), len(successes), sum(fact.microseconds for fact in facts), sum(successes))
    for name in ("queue_microseconds", "cost_nanodollars", "credits"):
        known = [value for fact in facts if (value := getattr(fact, name)) is not None]
        yield from (len(known), sum(known))
    yield frozenset(Counter(map(sketch.bucket_of, successes)).items())


# --- What stands -----------------------------------------------------------------------------------------


def _stored_fact(row: Generation) -> Fact:
    others = (getattr(row, name) for name in Fact._fields[2:])
    return Fact(row.generation_id, row.model.model_id, *others)


def _counters() -> Iterable[tuple[Any, ...]]:
    return UsageCounter.objects.values_list("model__model_id", "generations", "successes", "microseconds")


def _rollups() -> Iterator[tuple[Any, ...]]:
    sums = (
        "generations",
        "successes",
        "microseconds",
        "success_microseconds",
        "queued",
        "queue_microseconds",
    )
    for row in UsageRollup.objects.select_related("model"):
        told = [getattr(row, name) for name in (*sums, "costed", "cost_nanodollars", "credited", "credits")]
        yield (*_period(row), *told, frozenset(sketch.read(row.sketch).items()))


def _error_counts() -> Iterator[tuple[Any, ...]]:
    for row in UsageErrorCount.objects.select_related("model"):
        yield (*_period(row), row.error_code, row.failures)


def _period(row: UsageRollup | UsageErrorCount) -> tuple[Any, ...]:
    start = row.start.astimezone(UTC).strftime(STARTS[row.grain])
    return (row.model.model_id, row.grain, start, row.quality, row.duration)
