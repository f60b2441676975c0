"""What was generated, read from sums that are kept up to date: never from the generations themselves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, TypedDict, Unpack

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateTimeField,
    F,
    Func,
    Model,
    QuerySet,
    Sum,
    TextChoices,
    Value,
    When,
)
from django.db.models import Window as Over
from django.db.models.expressions import Combinable
from django.db.models.functions import NullIf, RowNumber, Trunc

from models_registry.models import AIModel
from models_registry.usage import sketch
from models_registry.usage.models import UsageErrorCount, UsageRollup
from models_registry.usage.periods import Grain
from models_registry.usage.ratios import ratio, wilson
from models_registry.usage.reports import COST_DECIMALS
from models_registry.usage.sketch_field import Merged
from models_registry.usage.tallies import Tally
from models_registry.usage.windows import Per, Span, Window, lying_in, refuse_too_many, spans, within

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
MILLION = 1_000_000
FINE = 9  # decimals: rounding a microsecond would be wrong by more than the sketch is
MOST_CODES = 20
# No error code begins with a bracket, so these are never mistaken for one.
OTHER_CODES = "(other)"
NO_CODE = "(none)"


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
    sketch: str = sketch.EMPTY  # of the times of the successes
    errors: dict[str, int] = field(default_factory=dict)  # by code, the most frequent first; see `_errors`

    @cached_property
    def times(self) -> dict[int, int]:
        """The sketch's buckets in ascending order, and how many successes lie in each."""
        return sketch.read(self.sketch)

    @property
    def failures(self) -> int:
        return self.generations - self.successes

    @property
    def error_codes(self) -> dict[str, int]:
        """`errors`, and how many failures had no code: together all failures."""
        without = self.failures - sum(self.errors.values())
        return {**self.errors, NO_CODE: without} if without > 0 else self.errors

    @property
    def success_rate(self) -> float | None:
        """Percent."""
        return ratio(100 * self.successes, self.generations)

    @property
    def success_interval(self) -> tuple[float, float] | None:
        """Percent: 95 of 100 such intervals hold the rate that the generations are a sample of."""
        return wilson(self.successes, self.generations)

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
        """None if nobody said what it cost."""
        return Decimal(self.cost_nanodollars).scaleb(-COST_DECIMALS) if self.costed else None

    @property
    def credits_total(self) -> int | None:
        """None if nobody said their credits."""
        return self.credits if self.credited else None

    def percentiles(self) -> dict[str, float | None]:
        """Seconds, over the successes: at most 1 % beside the truth."""
        found = sketch.percentiles(self.times, SHARES.values())
        return {
            name: None if one is None else round(one / MILLION, FINE)
            for name, one in zip(SHARES, found, strict=True)
        }


# --- Reading ---------------------------------------------------------------------------------------------


class By(TextChoices):
    """What generations are told apart by."""

    MODEL = "model"
    PROVIDER = "provider"
    CATEGORY = "category"
    QUALITY = "quality"
    DURATION = "duration"


KEYS: dict[By | None, Combinable] = {
    None: Value(None, output_field=CharField()),
    By.MODEL: F("model__model_id"),
    By.PROVIDER: F("model__provider"),
    By.CATEGORY: F("model__category"),
    By.QUALITY: NullIf("quality", Value("")),
    By.DURATION: NullIf("duration", Value(0)),
}


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


def summary_without_codes(window: Window, **asked: Unpack[Asked]) -> list[Row]:
    """As `summary`, but for the error codes, which take longest to add up."""
    return list(Summary(window, **asked).rows(errors={}))


Place = tuple[datetime, str | int | None]  # the start of a period, and a key


@dataclass(frozen=True)
class Summary:
    """The rows of `summary`, to be read in pages: a slice reads no more than it needs."""

    window: Window
    by: By | None = None
    per: Per | None = None
    models: "QuerySet[AIModel] | None" = None
    quality: str | None = None
    duration: int | None = None

    def __post_init__(self) -> None:
        if self.per is not None:
            refuse_too_many(self.window, per=self.per)

    def count(self) -> int:
        return len(self._undivided) if self.per is None else self._places().count()

    def __getitem__(self, part: slice) -> list[Row]:
        if self.per is None:
            return self._undivided[part]
        places = [(self._told(period), key) for period, key in self._places()[part]]
        if not places:
            return []
        (first, _), (last, _) = places[0], places[-1]
        rows = replace(self, window=Window(first.start, last.end)).rows()
        wanted = {(period.start, key) for period, key in places}
        return [row for row in rows if (row.start, row.key) in wanted]

    @cached_property
    def _undivided(self) -> list[Row]:
        return list(self.rows())

    def rows(self, *, errors: "Mapping[Place, dict[str, int]] | None" = None) -> Iterator[Row]:
        if errors is None:
            errors = self._errors()
        for period, key, *sums in self._sums():
            if sums[0]:  # without anything to group by, the sums of nothing are a row, too
                figures = Figures(*sums)
                figures.errors = errors.get((period, key), {})
                yield Row(*self._told(period), key, figures)

    def _places(self) -> "QuerySet[Any, Place]":
        """One piece after the other: of a condition with `or` in it PostgreSQL reads every row there is."""
        each = [
            self._grouped(UsageRollup, [piece]).order_by().values_list("period", "key").distinct()
            for piece in self._pieces
        ]
        return each[0].union(*each[1:]).order_by("period", F("key").asc(nulls_last=True))

    def _sums(self) -> "QuerySet[Any, Any]":
        sums = [Sum(name) for name in Tally.SUMS]
        return self._grouped(UsageRollup).values_list("period", "key", *sums, Merged("sketch"))

    def _errors(self) -> dict[Place, dict[str, int]]:
        """The most frequent codes of each row, and how many others there were."""
        place = [F("period"), F("key")]
        coded = self._grouped(UsageErrorCount).annotate(code=F("error_code"), number=Sum("failures"))
        ranked = coded.annotate(
            rank=Over(RowNumber(), partition_by=place, order_by=[F("number").desc(), F("code").asc()]),
            all=Over(Together("number"), partition_by=place),
        )
        listed = ranked.filter(rank__lte=MOST_CODES).order_by("rank")
        found: dict[Place, dict[str, int]] = {}
        for period, key, code, number, total in listed.values_list("period", "key", "code", "number", "all"):
            codes = found.setdefault((period, key), {OTHER_CODES: total})
            codes[code] = number
            codes[OTHER_CODES] -= number
        return {place: _others_last(codes) for place, codes in found.items()}

    @property
    def _pieces(self) -> list[Span]:
        return spans(self.window, grains=self.per.grains if self.per else tuple(Grain))

    def _grouped(self, table: type[Model], pieces: "Sequence[Span] | None" = None) -> "QuerySet[Any, Any]":
        """The rows of `pieces`, by default of the whole window, by period and key."""
        narrowed = {"model__in": self.models, "quality": self.quality, "duration": self.duration}
        filters = {name: value for name, value in narrowed.items() if value is not None}
        rows: QuerySet[Any, Any] = table._default_manager.filter(lying_in(pieces or self._pieces), **filters)
        grouped: QuerySet[Any, Any] = rows.annotate(period=self._period(), key=KEYS[self.by])
        return grouped.values("period", "key").order_by("period", F("key").asc(nulls_last=True))

    def _period(self) -> Any:
        """When the period of a rollup began: in the middle of the window that is its own start."""
        start, end = self.window
        if self.per is None:
            return _moment(start)
        if self.per == Per.WEEK:
            return Trunc("start", "week", tzinfo=UTC, output_field=DateTimeField())
        first, last = self.per.start_of(start), self.per.start_of(end)
        return Case(
            When(start__lt=self.per.after(first), then=_moment(first)),
            When(start__gte=last, then=_moment(last)),
            default=F("start"),
        )

    def _told(self, period: datetime) -> Window:
        return self.window if self.per is None else within(self.window, period, per=self.per)


class Together(Func):
    """The sum over a window of rows that are sums themselves, which Django's own `Sum` won't take."""

    function = "SUM"
    window_compatible = True
    output_field = BigIntegerField()


def _moment(moment: datetime) -> Value:
    return Value(moment, output_field=DateTimeField())


def _others_last(codes: dict[str, int]) -> dict[str, int]:
    others = codes.pop(OTHER_CODES)
    return {**codes, OTHER_CODES: others} if others else codes
