"""What became of each model's generations, since ever or in a window."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from models_registry.models import AIModel
from models_registry.usage.figures import Figures
from models_registry.usage.models import UsageCounter, UsageRollup
from models_registry.usage.tallies import Tally
from models_registry.usage.windows import Window, lying_in, spans

COUNTED = Tally.SUMS[:3]


@dataclass(frozen=True)
class ModelTotals:
    """A model and its generations, successes and microseconds; the other figures are left at nothing."""

    model: AIModel
    figures: Figures


def with_counters(models: "QuerySet[AIModel]") -> "QuerySet[AIModel]":
    """`models`, each with `counted_…` since ever, in the same query."""
    counter = UsageCounter.objects.filter(model=OuterRef("pk"))
    counted: dict[str, Any] = {
        f"counted_{name}": Coalesce(Subquery(counter.values(name)), 0, output_field=BigIntegerField())
        for name in COUNTED
    }
    return models.annotate(**counted)


def since_ever(models: Collection[AIModel]) -> list[ModelTotals]:
    """Of `models` that come from `with_counters`."""
    return [
        ModelTotals(model, Figures(*(getattr(model, f"counted_{name}") for name in COUNTED)))
        for model in models
    ]


def within(window: Window, models: Collection[AIModel]) -> list[ModelTotals]:
    rollups = UsageRollup.objects.filter(lying_in(spans(window)), model__in=[model.pk for model in models])
    sums = rollups.values_list("model").annotate(*(Sum(name) for name in COUNTED))
    found = {pk: Figures(*totals) for pk, *totals in sums}
    return [ModelTotals(model, found.get(model.pk, Figures())) for model in models]
