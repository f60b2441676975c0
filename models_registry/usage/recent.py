"""What was generated lately, of each model: whole days in UTC, today being the last of them."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Max, QuerySet, Sum

from models_registry.models import AIModel
from models_registry.usage.models import UsageRollup
from models_registry.usage.periods import DAY, Grain
from models_registry.usage.windows import Window

LATELY = 30  # days


class Use(NamedTuple):
    """How many generations there were, and on which day the last of them finished."""

    generations: int
    last: date


class Made(NamedTuple):
    """How many generations there were of one model (its primary key) in one quality and duration.

    "" and 0 stand where nobody said.
    """

    model: int
    quality: str
    duration: int  # seconds
    generations: int


def last_days(days: int, *, now: datetime) -> Window:
    """From the midnight that the first of the last `days` days began with to the one that ends today."""
    end = Grain.DAY.start_of(now) + DAY
    return Window(end - days * DAY, end)


def use_lately(models: Collection[AIModel], *, now: datetime, days: int = LATELY) -> dict[int, Use]:
    """By primary key; models that nobody used are left out. One query."""
    rows = _days(models, days=days, now=now).values_list("model")
    found = rows.annotate(number=Sum("generations"), last=Max("start")).filter(number__gt=0)
    return {pk: Use(number, last.date()) for pk, number, last in found}


def generations_daily(models: Collection[AIModel], *, days: int, now: datetime) -> dict[int, list[int]]:
    """By primary key, one number a day, the oldest first; models that nobody used are left out. One query."""
    begin = last_days(days, now=now).start
    rows = _days(models, days=days, now=now).values_list("model", "start").annotate(Sum("generations"))
    found: dict[int, list[int]] = {}
    for pk, start, number in rows.order_by():
        found.setdefault(pk, [0] * days)[(start - begin) // DAY] = number
    return found


def combinations_lately(
    models: Collection[int] | None = None, *, now: datetime, days: int = LATELY
) -> list[Made]:
    """What was made in the last `days`, by default of all models; `models` are primary keys. One query."""
    rows = _between(last_days(days, now=now))
    if models is not None:
        rows = rows.filter(model__in=models)
    sums = rows.values_list("model", "quality", "duration").annotate(Sum("generations")).order_by()
    return [Made(*row) for row in sums if row[-1]]


def outcomes_daily(
    models: "QuerySet[AIModel] | None" = None, *, days: int, now: datetime
) -> list[tuple[date, int, int]]:
    """Day, generations and successes of each of the last `days`, the oldest first; by default of all models.

    One query.
    """
    window = last_days(days, now=now)
    rows = _between(window)
    if models is not None:
        rows = rows.filter(model__in=models)
    sums = rows.values_list("start").annotate(Sum("generations"), Sum("successes")).order_by()
    found = {start: counts for start, *counts in sums}
    starts = [window.start + i * DAY for i in range(days)]
    return [(start.date(), *found.get(start, (0, 0))) for start in starts]


def _days(models: Collection[AIModel], *, days: int, now: datetime) -> "QuerySet[UsageRollup]":
    return _between(last_days(days, now=now)).filter(model__in=[model.pk for model in models])


def _between(window: Window) -> "QuerySet[UsageRollup]":
    """A clock of a backend that is fast may have recorded days to come; they are left out."""
    return UsageRollup.objects.filter(grain=Grain.DAY, start__gte=window.start, start__lt=window.end)
