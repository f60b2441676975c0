"""What was generated, read from sums that are kept up to date: never from the generations themselves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Any, NamedTuple, TypedDict, Unpack

from django.db.models import CharField, DateTimeField, F, Model, Q, QuerySet, Sum, TextChoices, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import NullIf, Trunc

from models_registry.models import AIModel
from models_registry.usage import sketch
from models_registry.usage.models import UsageErrorCount, UsageRollup
from models_registry.usage.periods import Grain
from models_registry.usage.reports import COST_DECIMALS
from models_registry.usage.sketch_field import Merged
from models_registry.usage.tallies import Tally
from models_registry.usage.windows import Per, Span, Window, refuse_too_many, spans, within

NORMAL_95 = 1.959963984540054  # 95 % of a normal distribution lie within so many deviations
SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
DECIMALS = 6
MILLION = 1_000_000


class By(TextChoices):
    """What generations are told apart by."""

    MODEL = "model"
    PROVIDER = "provider"
    CATEGORY = "category"
    QUALITY = "quality"
    DURATION = "duration"

    @property
    def key(self) -> Combinable:
        return KEYS[self]


KEYS: dict[By, Combinable] = {
    By.MODEL: F("model__model_id"),
    By.PROVIDER: F("model__provider"),
    By.CATEGORY: F("model__category"),
    By.QUALITY: NullIf("quality", Value("")),
    By.DURATION: NullIf("duration", Value(0)),
}


@dataclass
class Figures:
    """The sums of some generations, and what they say."""

    generations: int = 0
    successes: int = 0
    microseconds: int = 0
    success_microseconds: int = 0
    queued: int = 0  # how many said how long they queued
    queue_microseconds: int = 0
    costed: int = 0  # how many said what they cost
    cost_nanodollars: int = 0
    credited: int = 0  # how many said their credits
    credits: int = 0
    times: dict[int, int] = field(default_factory=dict)  # of the successes, by bucket, ascending
    errors: dict[str, int] = field(default_factory=dict)  # by code, the most frequent first

    @property
    def failures(self) -> int:
        return self.generations - self.successes

    @property
    def success_rate(self) -> float | None:
        """Percent."""
        return ratio(100 * self.successes, self.generations)

    @property
    def success_interval(self) -> tuple[float, float] | None:
        """Percent: where the rate lies that 95 of 100 such samples would come from."""
        return wilson(self.successes, self.generations) if self.generations else None

    @property
    def average_time(self) -> float | None:
        """Seconds, over all generations."""
        return ratio(self.microseconds, MILLION * self.generations)

    @property
    def mean_time(self) -> float | None:
        """Seconds, over the successes."""
        return ratio(self.success_microseconds, MILLION * self.successes)

    @property
    def mean_queue_time(self) -> float | None:
        """Seconds, over those that said."""
        return ratio(self.queue_microseconds, MILLION * self.queued)

    @property
    def cost_usd(self) -> Decimal | None:
        return Decimal(self.cost_nanodollars).scaleb(-COST_DECIMALS) if self.costed else None

    @property
    def credits_total(self) -> int | None:
        return self.credits if self.credited else None

    def percentiles(self) -> dict[str, float | None]:
        """Seconds, over the successes: at most 1 % beside the truth."""
        found = sketch.percentiles(self.times, SHARES.values())
        return {
            name: None if one is None else round(one / MILLION, DECIMALS)
            for name, one in zip(SHARES, found, strict=True)
        }


def ratio(part: int, whole: int) -> float | None:
    """The quotient, exact to six decimals (half to even); None of nothing."""
    return float(round(Fraction(part, whole), DECIMALS)) if whole else None


def wilson(successes: int, number: int) -> tuple[float, float]:
    """The 95 % score interval of a rate, in percent (E. B. Wilson, 1927, JASA 22:209)."""
    rate, z = successes / number, NORMAL_95
    middle = rate + z * z / (2 * number)
    reach = z * sqrt(rate * (1 - rate) / number + z * z / (4 * number * number))
    low, high = ((middle + side) / (1 + z * z / number) for side in (-reach, reach))
    # At the ends the formula gives 0 and 1, but for the last bits.
    return (
        round(100 * low, DECIMALS) if successes else 0.0,
        round(100 * high, DECIMALS) if successes < number else 100.0,
    )


class Row(NamedTuple):
    """What was generated from `start` to `end`; `key` is None where nobody said, or nobody asked."""

    start: datetime
    end: datetime
    key: str | int | None
    figures: Figures


class Asked(TypedDict, total=False):
    """How a window is told apart, and to what it is narrowed."""

    by: By | None
    per: Per | None
    models: "QuerySet[AIModel] | None"
    quality: str | None
    duration: int | None


def summary(window: Window, **asked: Unpack[Asked]) -> list[Row]:
    """One row a period and key that saw a generation, by start, then by key, None last.

    A model stands under the provider and category that it has today. Raises ValidationError above 1,000
    periods.
    """
    return list(Summary(window, **asked).rows())


Place = tuple[datetime, str | int | None]


@dataclass(frozen=True)
class Summary:
    """A question about usage; `summary` says what it means."""

    window: Window
    by: By | None = None
    per: Per | None = None
    models: "QuerySet[AIModel] | None" = None
    quality: str | None = None
    duration: int | None = None

    def __post_init__(self) -> None:
        if self.per is not None:
            refuse_too_many(self.window, per=self.per)

    def rows(self) -> Iterator[Row]:
        errors = self._errors()  # first: what is recorded in between adds no error that `figures` lack
        for period, key, times, *sums in self._sums():
            if sums[0]:
                figures = Figures(*sums)
                figures.times = sketch.read(times)
                figures.errors = errors.get((period, key), {})
                yield Row(*self._told(period), key, figures)

    def _sums(self) -> "QuerySet[Any, Any]":
        sums = [Sum(name) for name in Tally.SUMS]
        return self._grouped(UsageRollup).values_list("period", "key", Merged("sketch"), *sums)

    def _errors(self) -> dict[Place, dict[str, int]]:
        counted = self._grouped(UsageErrorCount).annotate(total=Sum("failures"), code=F("error_code"))
        found: dict[Place, dict[str, int]] = {}
        ordered = counted.order_by("-total", "code").values_list("period", "key", "code", "total")
        for period, key, code, failures in ordered:
            found.setdefault((period, key), {})[code] = failures
        return found

    def _grouped(self, table: type[Model]) -> "QuerySet[Any, Any]":
        narrowed = {"model__in": self.models, "quality": self.quality, "duration": self.duration}
        filters = {name: value for name, value in narrowed.items() if value is not None}
        rows: QuerySet[Any, Any] = table._default_manager.filter(self._times(), **filters)
        return (
            rows.annotate(period=self._period(), key=self._key())
            .values("period", "key")
            .order_by(F("period").asc(), F("key").asc(nulls_last=True))
        )

    def _times(self) -> Q:
        pieces = spans(self.window, grains=self.per.grains if self.per else tuple(Grain))
        return Q.create([_lies_in(piece) for piece in pieces], connector=Q.OR)

    def _period(self) -> Any:
        if self.per is None:
            return Value(self.window.start, output_field=DateTimeField())
        return Trunc("start", self.per.value, tzinfo=UTC, output_field=DateTimeField())

    def _key(self) -> Any:
        return Value(None, output_field=CharField()) if self.by is None else self.by.key

    def _told(self, period: datetime) -> Window:
        return self.window if self.per is None else within(self.window, period, per=self.per)


def _lies_in(piece: Span) -> Q:
    return Q(grain=piece.grain.value, start__gte=piece.start, start__lt=piece.end)
