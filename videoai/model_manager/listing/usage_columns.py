"""What became of each model's generations, as columns of the list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, DateTimeField, F, FloatField, OuterRef, Subquery, Sum, Value
from django.db.models.expressions import Combinable, Expression, ExpressionWrapper, OrderBy
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from models_registry.models import AIModel
from models_registry.usage.admin.lately import DAYS
from models_registry.usage.admin.wording import (
    UNKNOWN,
    count_text,
    interval_text,
    percent_text,
    seconds_text,
)
from models_registry.usage.figures import Figures
from models_registry.usage.models import UsageCounter, UsageRollup
from models_registry.usage.periods import Grain
from models_registry.usage.recent import generations_daily, last_days
from videoai.model_manager.listing.sparks import spark


@dataclass(frozen=True)
class ModelUsage:
    """Of one model: since ever, and a day of the last `DAYS`, the first of which is `begin`."""

    figures: Figures
    daily: Sequence[int]
    begin: date


def attach_usage(models: Iterable[AIModel], *, now: datetime) -> None:
    """Leave on each of `models` what the columns show of it, as `listed_usage`. Two queries."""
    listed = list(models)
    counters = UsageCounter.objects.filter(model__in=[model.pk for model in listed])
    sums = {pk: Figures(*rest) for pk, *rest in counters.values_list("model", *COUNTED)}
    daily = generations_daily(listed, days=DAYS, now=now)
    begin = last_days(DAYS, now=now).start.date()
    for model in listed:
        figures = sums.get(model.pk) or Figures()
        usage = ModelUsage(figures, daily.get(model.pk) or [0] * DAYS, begin)
        model.listed_usage = usage  # type: ignore[attr-defined]


# --- What the columns are sorted by: looked up by the database, for sorted lists alone ----------------------

COUNTED = ("generations", "successes", "microseconds")


class KnownFirst(ExpressionWrapper):
    """Models that it says nothing of come last, whichever way the list is sorted."""

    def asc(self, **_: Any) -> OrderBy:
        return OrderBy(self, nulls_last=True)

    def desc(self, **_: Any) -> OrderBy:
        return OrderBy(self, descending=True, nulls_last=True)


def _counted(value: Combinable) -> Subquery:
    counter = UsageCounter.objects.filter(model=OuterRef("pk"))
    return Subquery(counter.annotate(told=value).values("told"))


def _each(name: str) -> KnownFirst:
    """`name` of the counter, for each generation."""
    share = Cast(F(name), FloatField()) / NullIf(Cast(F("generations"), FloatField()), 0.0)
    return KnownFirst(_counted(share), output_field=FloatField())


class FirstDay(Expression):
    """When the first of the last `days` days began: by the clock of the cells, whenever it is asked."""

    def __init__(self, days: int) -> None:
        super().__init__(output_field=DateTimeField())
        self.days = days

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return Value(last_days(self.days, now=timezone.now()).start, DateTimeField()).as_sql(
            compiler, connection
        )


def _generated_lately() -> Coalesce:
    days = UsageRollup.objects.filter(
        model=OuterRef("pk"), grain=Grain.DAY, start__gte=FirstDay(DAYS), start__lte=FirstDay(1)
    )
    total = days.order_by().values("model").annotate(total=Sum("generations")).values("total")
    return Coalesce(Subquery(total), 0, output_field=BigIntegerField())


GENERATIONS = Coalesce(_counted(F("generations")), 0, output_field=BigIntegerField())
AVERAGE_TIME = _each("microseconds")
SUCCESS_RATE = _each("successes")
GENERATED_LATELY = _generated_lately()


class UsageColumns(admin.ModelAdmin):
    """Columns of models that `attach_usage` went over."""

    @admin.display(description="generations", ordering=GENERATIONS)
    def generations(self, model: Any) -> str:
        number = model.listed_usage.figures.generations
        return count_text(number) if number else UNKNOWN

    @admin.display(description="avg time", ordering=AVERAGE_TIME)
    def average_time(self, model: Any) -> str:
        return seconds_text(model.listed_usage.figures.average_time)

    @admin.display(description="success", ordering=SUCCESS_RATE)
    def success(self, model: Any) -> str | SafeString:
        figures: Figures = model.listed_usage.figures
        if figures.success_interval is None:
            return UNKNOWN
        return format_html(
            '<span title="95 % interval {}">{}</span>',
            interval_text(figures.success_interval),
            percent_text(figures.success_rate),
        )

    @admin.display(description=f"{DAYS} days", ordering=GENERATED_LATELY)
    def lately(self, model: Any) -> str | SafeString:
        usage: ModelUsage = model.listed_usage
        return spark(usage.daily, begin=usage.begin) if any(usage.daily) else UNKNOWN
