"""Adding reports up, in memory, to the rows by which the sums in the database grow."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
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

    def __init__(self, reports: Collection[Report] = ()) -> None:
        took = [report.microseconds for report in reports]
        succeeded = [report for report in reports if report.success]
        queued = [r.queue_microseconds for r in reports if r.queue_microseconds is not None]
        costs = [r.cost_nanodollars for r in reports if r.cost_nanodollars is not None]
        credits = [r.credits for r in reports if r.credits is not None]
        self.sums = [
            *(len(took), len(succeeded), sum(took), sum(report.microseconds for report in succeeded)),
            *(len(queued), sum(queued), len(costs), sum(costs), len(credits), sum(credits)),
        ]
        self.times = Counter(report.bucket for report in succeeded)
        self.errors = Counter(report.error_code for report in reports if report.error_code)

    def merge(self, other: "Tally") -> None:
        self.sums = [one + more for one, more in zip(self.sums, other.sums, strict=True)]
        self.times.update(other.times)
        self.errors.update(other.errors)

    def columns(self) -> dict[str, Any]:
        return {**dict(zip(self.SUMS, self.sums, strict=True)), "sketch": sketch.written(self.times)}


def tally(reports: Iterable[Report]) -> dict[Key, Tally]:
    """What `reports` add to their hours, days and months, in the order of the keys."""
    together: dict[Key, list[Report]] = defaultdict(list)
    for report in reports:
        start = Grain.HOUR.start_of(report.finished_at)
        together[Key(report.model, Grain.HOUR, start, report.quality, report.duration)].append(report)
    tallies = {key: Tally(of_one_hour) for key, of_one_hour in together.items()}
    longer: dict[Key, Tally] = defaultdict(Tally)
    for key, hour in tallies.items():
        for grain in (Grain.DAY, Grain.MONTH):
            longer[key._replace(grain=grain, start=grain.start_of(key.start))].merge(hour)
    return dict(sorted({**tallies, **longer}.items()))


def totals(tallies: Mapping[Key, Tally]) -> dict[int, dict[str, int]]:
    """Generations, successes and microseconds of each model, in the order of their primary keys."""
    found: dict[int, Tally] = defaultdict(Tally)
    for key, one in tallies.items():
        if key.grain == Grain.MONTH:
            found[key.model].merge(one)
    return {model: dict(zip(Tally.SUMS[:3], one.sums, strict=False)) for model, one in found.items()}
