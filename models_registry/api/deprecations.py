"""What clients ask to learn in time that a model goes."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry import turning
from models_registry.api.query import WholeNumberField, read_query
from models_registry.api.scopes import PUBLIC, READING, has_catalogue_rights
from models_registry.choices import Status
from models_registry.deprecations import IMMINENT, LONGEST_WITHIN, MOST, USUAL_WITHIN, deprecations
from models_registry.models import AIModel

BUCKETS = ("past", "imminent", "upcoming", "undated")


class WithinQuery(serializers.Serializer[Any]):
    within_days = WholeNumberField(
        required=False,
        default=USUAL_WITHIN,
        min_value=1,
        max_value=LONGEST_WITHIN,
        help_text="How many days to look ahead, and back.",
    )


class LeavingSerializer(serializers.Serializer[Any]):
    model_id = serializers.CharField(source="model.model_id")
    name = serializers.CharField(source="model.name")
    provider = serializers.CharField(source="model.provider")
    status = serializers.ChoiceField(choices=Status.choices, source="model.status")
    sunset_at = serializers.DateTimeField(source="model.sunset_at", allow_null=True)
    successor = serializers.CharField(
        source="model.successor",
        allow_null=True,
        help_text="The model to use instead; null while it is off sale, unless you may read those.",
    )
    days_left = serializers.IntegerField(
        allow_null=True, help_text="Whole days until the sunset, rounded up; 0 or less once it has come."
    )


class DeprecationsSerializer(serializers.Serializer[Any]):
    """Each list by sunset, the earliest first."""

    within_days = serializers.IntegerField()
    past = LeavingSerializer(many=True, help_text="The sunset came in the last `within_days`.")
    imminent = LeavingSerializer(many=True, help_text=f"It comes within {IMMINENT.days} days.")
    upcoming = LeavingSerializer(many=True, help_text="It comes later, but within `within_days`.")
    undated = LeavingSerializer(many=True, help_text="Deprecated, without a sunset so far; by name.")
    is_complete = serializers.BooleanField(help_text=f"False if more than {MOST:,} were found.")


class DeprecationsView(APIView):
    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}

    @extend_schema(
        summary="Which models go, and when",
        description=(
            "Models on sale whose sunset comes, and models whose sunset came lately: retired by it, or still "
            "on sale as the default, for want of an active successor. By the database's clock."
        ),
        operation_id="models_deprecations_retrieve",
        parameters=[WithinQuery],
        responses=DeprecationsSerializer,
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(request, WithinQuery)
        found = deprecations(within_days=wanted["within_days"], now=turning.clock())
        told = DeprecationsSerializer(found).data
        if not has_catalogue_rights(request):
            _hide_what_is_not_on_sale(told)
        return Response(told)


def _hide_what_is_not_on_sale(told: dict[str, Any]) -> None:
    """Successors may be drafts, or be retired by now; nobody else need know of them."""
    leaving = [one for name in BUCKETS for one in told[name]]
    named = {one["successor"] for one in leaving} - {None}
    on_sale = set(AIModel.objects.sold().filter(model_id__in=named).values_list("model_id", flat=True))
    for one in leaving:
        if one["successor"] not in on_sale:
            one["successor"] = None
