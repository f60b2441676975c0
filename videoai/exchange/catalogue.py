"""Models and their rates, read together: what an export writes and what an import compares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet

from models_registry import lifecycle, services
from models_registry.models import AIModel
from pricing.models import Rate
from videoai.exchange.rates import Place, report_fields

# The engines differ in where nothing stands.
IN_FILES = (F("quality__position").asc(nulls_last=True), "quality", F("with_audio").asc(nulls_first=True))


@dataclass(frozen=True)
class Catalogue:
    """Models by id, in the order of their ids, and the rates set by hand of each by place."""

    models: Mapping[str, AIModel]
    rates: Mapping[str, Mapping[Place, Rate]]

    def fields(self, model_id: str) -> dict[str, Any]:
        """Every field that a file may hold, with each rate as a field `rates.<place>`, and its details."""
        fields = lifecycle.without_unsaid(services.state(self.models[model_id]))
        for rate in self.rates[model_id].values():
            fields |= report_fields(rate)
        return fields


def read_catalogue(models: QuerySet[AIModel]) -> Catalogue:
    """Two queries, whatever the number of models."""
    # Sorted here: the two engines collate ids differently.
    found = sorted(models.order_by(), key=lambda model: model.model_id)
    rates: dict[str, dict[Place, Rate]] = {model.model_id: {} for model in found}
    owners = {model.pk: model.model_id for model in found}
    for rate in Rate.objects.by_hand().filter(model__in=models.order_by().values("pk")).order_by(*IN_FILES):
        if rate.model_id in owners:
            rates[owners[rate.model_id]][Place.of(rate)] = rate
    return Catalogue({model.model_id: model for model in found}, rates)
