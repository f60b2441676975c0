"""Models as a table for spreadsheets: one row each, with its rates and what became of its generations."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from models_registry import services
from models_registry.models import AIModel, QualityTier
from models_registry.spreadsheet import Value, cell, csv_text
from models_registry.usage.figures import Figures
from models_registry.usage.totals import since_ever, with_counters
from videoai.exchange.exporting import read_undisturbed
from videoai.exchange.rates import rate_field

FIRST = ("model_id", "name", "status", "category", "provider", "cost_per_second")
MOMENTS = ("created_at", "updated_at", "priced_at", "deprecated_at")
USAGE = ("total_generations", "successful_generations", "success_rate", "average_generation_time")


@dataclass(frozen=True)
class Table:
    header: Sequence[str]
    rows: Sequence[Sequence[Value]]

    @property
    def csv(self) -> str:
        return csv_text(self.header, self.rows)

    def cells(self, columns: Sequence[str]) -> list[list[str]]:
        """Some columns, written as the file has them."""
        places = [self.header.index(name) for name in columns]
        return [[cell(row[place]) for place in places] for row in self.rows]


def read_table(models: "QuerySet[AIModel]") -> Table:
    """`models`, ordered by id. Success rates are percent, times seconds. Five queries.

    Raises CatalogueBusy if no reading was left alone.
    """
    catalogue = read_undisturbed(with_counters(models))
    qualities = list(QualityTier.objects.order_by("position", "key").values_list("key", flat=True))
    rows = []
    for model, figures in _with_figures(list(catalogue.models.values())):
        rates = catalogue.rates[model.model_id].values()
        plain = {rate.plain_quality: rate.amount for rate in rates if rate.is_plain}
        costs = {rate_field(key): plain.get(key) for key in qualities}
        rows.append(_fields(model) | costs | _usage(figures))
    header = list(rows[0]) if rows else list(FIRST)
    return Table(header, [list(row.values()) for row in rows])


def _with_figures(models: list[AIModel]) -> list[tuple[AIModel, Figures]]:
    return [(totals.model, totals.figures) for totals in since_ever(models)]


def _fields(model: AIModel) -> dict[str, Value]:
    fields = {name: _plain(value) for name, value in services.state(model).items()}
    first: dict[str, Value] = dict.fromkeys(FIRST)
    moments: dict[str, Value] = {name: getattr(model, name) for name in MOMENTS}
    return {
        **first,
        **fields,
        "status": model.status.value,
        **moments,
        "version_number": model.version_number,
    }


def _usage(figures: Figures) -> dict[str, Value]:
    found = (figures.generations, figures.successes, figures.success_rate, figures.average_time)
    return dict(zip(USAGE, found, strict=True))


def _plain(value: Any) -> Value:
    """Lists as `5; 9`: with commas some spreadsheets would make one number of them."""
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    plain: Value = value
    return plain
