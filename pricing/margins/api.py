"""The margin watch over HTTP; costs are nobody's business but ours."""

import json
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry.api.query import PAGE_PARAMETERS, read_query
from models_registry.api.scopes import CATALOGUE_RIGHTS, READING
from models_registry.api.serializers import MoneyField
from models_registry.choices import Category, Status
from models_registry.models import AIModel
from models_registry.usage.recent import LATELY
from pricing.api.serializers import MatrixQuery
from pricing.margins.file import csv, file_name
from pricing.margins.margin import Margin
from pricing.margins.watch import ORDERINGS, USUAL_ORDER, margin_report

RULE = (
    "A row for each model on sale and each quality in which it is sold: the length at which least is left of "
    "the price, and with sound or without where rates tell them apart. The cost is our own price's or the "
    "provider's list's, whichever is more. Needs catalogue rights."
)


class MarginsQuery(MatrixQuery):
    under_target = serializers.ChoiceField(
        choices=["true", "false"], required=False, default="false", help_text="Only what falls short of it."
    )
    ordering = serializers.ChoiceField(
        choices=ORDERINGS, required=False, default=USUAL_ORDER, help_text="With - the other way round."
    )


class VolumeSerializer(serializers.Serializer[Any]):
    generations = serializers.IntegerField()
    credits = serializers.IntegerField(
        allow_null=True, help_text="As recorded; null if no generation said its credits."
    )
    value_usd = MoneyField(help_text="At the prices of today; lengths that are not sold now add nothing.")


class MarginSerializer(serializers.Serializer[Margin]):
    model_id = serializers.CharField(source="model.model_id")
    name = serializers.CharField(source="model.name")
    provider = serializers.CharField(source="model.provider")
    category = serializers.ChoiceField(choices=Category.choices, allow_null=True, source="model.category")
    status = serializers.ChoiceField(choices=Status.choices, source="model.status")
    quality = serializers.CharField()
    duration = serializers.IntegerField(source="quote.duration", help_text="Seconds, where least is left.")
    with_audio = serializers.BooleanField(
        source="quote.with_audio", allow_null=True, help_text="Null: sound makes it no worse."
    )
    cost_usd = MoneyField(help_text="The higher of the next two.")
    own_cost_usd = MoneyField(source="quote.cost_usd", help_text="As our prices have it.")
    listed_cost_usd = MoneyField(allow_null=True, help_text="As the provider's list has it, if one does.")
    price_usd = MoneyField(source="quote.price_usd")
    credits = serializers.IntegerField(source="quote.credits")
    margin_usd = MoneyField(help_text="price_usd - cost_usd, exactly.")
    margin_percent = MoneyField(help_text="Of the price; rounded half up to two places.")
    target_margin = MoneyField(allow_null=True, help_text="The policy's, in percent.")
    is_under_target = serializers.BooleanField(help_text="Compared exactly; false without a target.")
    is_loss = serializers.BooleanField(help_text="It costs more than customers pay.")
    last_30_days = VolumeSerializer(source="volume")


class MarginsView(generics.GenericAPIView[Any]):
    """What is left of each price."""

    http_method_names = READING
    queryset = AIModel.objects.all()
    serializer_class = MarginSerializer
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": CATALOGUE_RIGHTS}

    @extend_schema(
        summary="The margin of every model and quality",
        description=f"{RULE} Usage is of the last {LATELY} days, today included.",
        operation_id="pricing_margins_list",
        parameters=[MarginsQuery],
        responses=MarginSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(request, MarginsQuery, besides=PAGE_PARAMETERS)
        page = self.paginate_queryset(asked(wanted))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class CSVRenderer(BaseRenderer):
    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> str:
        """A problem is told as one."""
        return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


class MarginsFileView(APIView):
    """The same, whole, for spreadsheets."""

    http_method_names = READING
    renderer_classes = [CSVRenderer]
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": CATALOGUE_RIGHTS}

    @extend_schema(
        summary="The margins as CSV",
        description=f"All rows in one file. {RULE}",
        operation_id="pricing_margins_csv",
        parameters=[MarginsQuery],
        responses={(200, "text/csv"): str},
    )
    def get(self, request: Request) -> Response:
        rows = asked(read_query(request, MarginsQuery))
        name = file_name(now=timezone.now())
        return Response(csv(rows), headers={"Content-Disposition": f'attachment; filename="{name}"'})


def asked(wanted: dict[str, Any]) -> list[Margin]:
    """Raises Unpriced or CatalogueBusy."""
    narrowed = {name: wanted[name] for name in ("provider", "category") if name in wanted}
    return margin_report(
        AIModel.objects.sold().filter(**narrowed),
        now=timezone.now(),
        under_target=wanted["under_target"] == "true",
        ordering=wanted["ordering"],
    )
