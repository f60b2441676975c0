"""Adding reports up, in memory, to the rows by which the sums in the database grow."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from models_registry.usage import sketch
from models_registry.usage.periods import Grain
from models_registry.usage.reports import Report


class Key(NamedTuple):
    """Of one rollup. Rows are written in the order of their keys, so that writers never wait in a circle."""

    model: int
    grain: str
    start: datetime
    quality: str
    duration: int

    def columns(self) -> dict[str, Any]:
        return {"model_id": self.model, **dict(zip(self._fields[1:], self[1:], strict=True))}


class Tally:
    """The sums of some generations."""

    SUMS = (
        "generations",
        "successes",
        "microseconds",
        "success_microseconds",
        "queued",
        "queue_microseconds",
        "costed",
        "cost_nanodollars",
        "credited",
        "credits",
    )

    def __init__(self) -> None:
        self.sums = [0] * len(self.SUMS)
        self.times: Counter[int] = Counter()  # of the successes, by bucket
        self.errors: Counter[str] = Counter()  # by code

    def count(self, report: Report) -> None:
        success, took = report.success, report.microseconds
        queued, cost, credits = report.queue_microseconds, report.cost_nanodollars, report.credits
        terms = (
            1,
            success,
            took,
            took if success else 0,
            queued is not None,
            queued or 0,
            cost is not None,
            cost or 0,
            credits is not None,
            credits or 0,
        )
        self.sums = [one + other for one, other in zip(self.sums, terms, strict=True)]
        if success:
            self.times[report.bucket] += 1
        elif report.error_code:
            self.errors[report.error_code] += 1

    def merge(self, other: "Tally") -> None:
        self.sums = [one + more for one, more in zip(self.sums, other.sums, strict=True)]
        self.times.update(other.times)
        self.errors.update(other.errors)

    def columns(self) -> dict[str, Any]:
        return {**dict(zip(self.SUMS, self.sums, strict=True)), "sketch": sketch.written(self.times)}


def tally(reports: Iterable[Report]) -> dict[Key, Tally]:
    """What `reports` add to their hours, days and months, in the order of the keys."""
    hours: dict[Key, Tally] = defaultdict(Tally)
    for report in reports:
        start = Grain.HOUR.start_of(report.finished_at)
        hours[Key(report.model, Grain.HOUR, start, report.quality, report.duration)].count(report)
    longer: dict[Key, Tally] = defaultdict(Tally)
    for key, hour in hours.items():
        for grain in (Grain.DAY, Grain.MONTH):
            longer[key._replace(grain=grain, start=grain.start_of(key.start))].merge(hour)
    return dict(sorted({**hours, **longer}.items()))


def totals(tallies: Mapping[Key, Tally]) -> dict[int, dict[str, int]]:
    """Generations, successes and microseconds of each model, in the order of their primary keys."""
    found: dict[int, Tally] = defaultdict(Tally)
    for key, one in tallies.items():
        if key.grain == Grain.MONTH:
            found[key.model].merge(one)
    return {model: dict(zip(Tally.SUMS[:3], one.sums, strict=False)) for model, one in found.items()}
