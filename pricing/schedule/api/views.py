from typing import ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from models_registry.api.bodies import read_confirmable, refuse_values
from models_registry.api.openapi import CONFIRMING, LOCATION
from models_registry.api.query import PAGE_PARAMETERS, read_query, refuse_any
from models_registry.api.scopes import CATALOGUE_RIGHTS, CHANGING_MODELS
from models_registry.api.writes import ReasonedWrites
from models_registry.services import carry_out_what_is_due
from pricing.schedule import services
from pricing.schedule.api.bodies import read_wish
from pricing.schedule.api.openapi import WISH
from pricing.schedule.api.serializers import ChangesQuery, ScheduledChangeSerializer
from pricing.schedule.models import ScheduledChange, ScheduledChangeQuerySet

NOT_FOUND = "There is no scheduled change of this number."


class ChangesView(ReasonedWrites, generics.GenericAPIView[ScheduledChange]):
    """What is scheduled, and what became of it."""

    http_method_names = ["get", "head", "post"]
    queryset = ScheduledChange.objects.all()
    serializer_class = ScheduledChangeSerializer
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": CATALOGUE_RIGHTS, "post": CHANGING_MODELS}

    @extend_schema(
        summary="Scheduled price changes",
        description="The latest moment first. Needs catalogue rights.",
        operation_id="pricing_changes_list",
        parameters=[ChangesQuery],
        responses=ScheduledChangeSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(request, ChangesQuery, besides=PAGE_PARAMETERS)
        carry_out_what_is_due()
        page = self.paginate_queryset(_matching(wanted))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        summary="Schedule a price change",
        description=(
            "It is checked like a change that is made at once, behind what is scheduled before it. 409 if "
            f"the same is changed at the same moment by another one. {CONFIRMING} Nobody has to act, or is "
            "asked, at the moment itself."
        ),
        operation_id="pricing_changes_create",
        request=WISH,
        parameters=[LOCATION],
        responses={201: ScheduledChangeSerializer},
    )
    def post(self, request: Request) -> Response:
        refuse_any(request)
        body, confirmed = read_confirmable(request)
        wish = read_wish(body)
        change = services.schedule(wish.deed, effective_from=wish.effective_from, confirmed=confirmed)
        location = {"Location": reverse("scheduled-change", args=[change.pk])}
        return Response(self.get_serializer(change).data, status=201, headers=location)


class ChangeView(ReasonedWrites, generics.GenericAPIView[ScheduledChange]):
    """One scheduled change."""

    http_method_names = ["get", "head", "delete"]
    queryset = ScheduledChange.objects.all()
    serializer_class = ScheduledChangeSerializer
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {
        "get": CATALOGUE_RIGHTS,
        "delete": CHANGING_MODELS,
    }

    @extend_schema(summary="One scheduled change", description="Needs catalogue rights.")
    def get(self, request: Request, change_id: int) -> Response:
        refuse_any(request)
        carry_out_what_is_due()
        return Response(self.get_serializer(_found(change_id)).data)

    @extend_schema(
        summary="Cancel a scheduled change",
        description="It stays listed as cancelled. 409 if it is not pending any more.",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, change_id: int) -> Response:
        refuse_any(request)
        refuse_values(request)
        services.cancel(_found(change_id))
        return Response(status=204)


def _matching(wanted: dict[str, str]) -> ScheduledChangeQuerySet:
    changes = ScheduledChange.objects.select_related("model").order_by("-effective_from", "-pk")
    if "state" in wanted:
        changes = changes.filter(state=wanted["state"])
    if "model_id" in wanted:
        changes = changes.filter(model__model_id=wanted["model_id"])
    return changes


def _found(change_id: int) -> ScheduledChange:
    change = ScheduledChange.objects.select_related("model").filter(pk=change_id).first()
    if change is None:
        raise NotFound(NOT_FOUND)
    return change
