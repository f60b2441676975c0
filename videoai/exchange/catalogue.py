"""Models and their rates, read together: what an export writes and what an import compares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from models_registry import lifecycle, services
from models_registry.models import AIModel
from pricing.models import Rate


@dataclass(frozen=True)
class Catalogue:
    """Models by id, in the order of their ids, and the rates of each by quality."""

    models: Mapping[str, AIModel]
    rates: Mapping[str, Mapping[str, Rate]]

    def fields(self, model_id: str) -> dict[str, Any]:
        """Every field that a file may hold, with each rate as a field `rates.<quality>`."""
        rates = {rate_field(key): rate.amount for key, rate in self.rates[model_id].items()}
        return {**lifecycle.without_unsaid(services.state(self.models[model_id])), **rates}


def rate_field(quality: str) -> str:
    """What reports call the rate for `quality`."""
    return f"rates.{quality}"


def read_catalogue(models: QuerySet[AIModel]) -> Catalogue:
    """Two queries, whatever the number of models."""
    # Sorted here: the two engines collate ids differently.
    found = sorted(models.order_by(), key=lambda model: model.model_id)
    rates: dict[str, dict[str, Rate]] = {model.model_id: {} for model in found}
    owners = {model.pk: model.model_id for model in found}
    for rate in (
        Rate.objects.plain()
        .filter(model__in=models.order_by().values("pk"))
        .order_by("quality__position", "quality")
    ):
        if rate.model_id in owners:
            rates[owners[rate.model_id]][rate.plain_quality] = rate
    return Catalogue({model.model_id: model for model in found}, rates)
