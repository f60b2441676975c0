"""Usage over HTTP: what frontends show of each model, and what analysts ask."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from models_registry.api.openapi import MODEL_ID
from models_registry.api.query import PAGE_PARAMETERS, read_query
from models_registry.api.scopes import PUBLIC, READING, READING_USAGE, has_catalogue_rights
from models_registry.api.writes import NOT_FOUND
from models_registry.models import AIModel
from models_registry.querysets import AIModelQuerySet
from models_registry.replicable import Replicable
from models_registry.usage import totals
from models_registry.usage.api.serializers import (
    ListedStatsSerializer,
    ModelStatsSerializer,
    SummaryQuery,
    SummaryRowSerializer,
    WindowQuery,
)
from models_registry.usage.figures import By, Summary
from models_registry.usage.snapshot import one_state
from models_registry.usage.totals import ModelTotals
from models_registry.usage.windows import USUAL, Per, Window, read_window

HALF_GIVEN = (
    "Without `to` a window ends with the current hour; "
    f"without `from` it begins {USUAL.days} days before `to`."
)
WINDOWED = (
    "Since ever; or, with `from` or `to`, of the generations that finished in that window. "
    f"{HALF_GIVEN} Averages and rates are exact to six decimals, and null where nothing was generated."
)


class StatsView(generics.GenericAPIView[AIModel]):
    """What became of the generations of all models."""

    http_method_names = READING
    queryset = AIModel.objects.all()
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}

    @extend_schema(
        summary="Usage figures of the models",
        description=f"By name; models on sale, with catalogue rights all. {WINDOWED}",
        operation_id="models_stats_list",
        parameters=[WindowQuery],
        responses=ListedStatsSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        window = asked_window(read_query(request, WindowQuery, besides=PAGE_PARAMETERS))
        models = visible(request).order_by("name", "model_id")
        page = self.paginate_queryset(models if window else totals.with_counters(models)) or []
        return self.get_paginated_response(ListedStatsSerializer(told(page, window), many=True).data)


class ModelStatsView(generics.GenericAPIView[AIModel]):
    """What became of the generations of one model."""

    http_method_names = READING
    queryset = AIModel.objects.all()
    pagination_class = None
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}

    @extend_schema(
        summary="Usage figures of a model",
        description=WINDOWED,
        operation_id="models_stats_retrieve",
        parameters=[MODEL_ID, WindowQuery],
        responses=ModelStatsSerializer,
    )
    def get(self, request: Request, model_id: str) -> Response:
        window = asked_window(read_query(request, WindowQuery))
        found = visible(request).with_model_id(model_id)
        models = list(found if window else totals.with_counters(found))
        if not models:
            raise NotFound(NOT_FOUND)
        return Response(ModelStatsSerializer(told(models, window)[0]).data)


class SummaryView(generics.GenericAPIView[Any]):
    """Usage, told apart."""

    replicable = Replicable.FIGURES
    http_method_names = READING
    serializer_class = SummaryRowSerializer
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": READING_USAGE}

    @extend_schema(
        summary="Usage, told apart and over time",
        description=(
            "One row for each period and key that saw a generation: by time, then by key, null last. "
            "Generations count in the hour in which they finished, also when they are recorded late. "
            f"{HALF_GIVEN} Needs the scope usage:read."
        ),
        operation_id="usage_summary_list",
        parameters=[SummaryQuery],
        responses=SummaryRowSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        summary = asked_summary(read_query(request, SummaryQuery, besides=PAGE_PARAMETERS))
        with one_state():
            page = self.paginate_queryset(summary)  # type: ignore[arg-type] # counted and sliced like a queryset
            rows = SummaryRowSerializer(page, many=True, context={"by": summary.by})
            return self.get_paginated_response(rows.data)


def visible(request: Request) -> AIModelQuerySet:
    return AIModel.objects.all() if has_catalogue_rights(request) else AIModel.objects.sold()


def told(models: list[AIModel], window: Window | None) -> list[ModelTotals]:
    return totals.within(window, models) if window else totals.since_ever(models)


def asked_window(wanted: dict[str, Any]) -> Window | None:
    """None if neither end was given."""
    return read_window(wanted, now=timezone.now()) if wanted else None


def asked_summary(wanted: dict[str, Any]) -> Summary:
    """Raises ValidationError, keyed by parameter."""
    models = AIModel.objects.all()
    if "model_id" in wanted:
        models = models.with_model_id(wanted["model_id"])
    narrowed = {name: wanted[name] for name in ("provider", "category") if name in wanted}
    return Summary(
        read_window(wanted, now=timezone.now()),
        by=By(wanted["by"]) if "by" in wanted else None,
        per=Per(wanted["per"]) if "per" in wanted else None,
        models=models.filter(**narrowed) if narrowed or "model_id" in wanted else None,
        quality=wanted.get("quality"),
        duration=wanted.get("duration"),
    )
