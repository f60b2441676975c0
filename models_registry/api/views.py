from collections.abc import Mapping
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from models_registry.api.filters import AIModelFilter, StrictFilterBackend
from models_registry.api.openapi import MODEL_ID
from models_registry.api.query import (
    CapabilityQuery,
    read_query,
    refuse_any,
)
from models_registry.api.scopes import (
    ADDING_MODELS,
    CHANGING_MODELS,
    PUBLIC,
    WRITING,
    has_catalogue_rights,
)
from models_registry.api.serializers import AIModelSerializer, CapabilitySerializer
from models_registry.api.writes import NOT_FOUND, ModelWrites
from models_registry.errors import NoDefaultModel
from models_registry.models import AIModel
from models_registry.querysets import AIModelQuerySet
from models_registry.validation import check_capability


class AIModelViewSet(mixins.ListModelMixin, ModelWrites):
    """The models on offer, and how they are changed."""

    http_method_names = WRITING
    queryset = AIModel.objects.all()
    serializer_class = AIModelSerializer
    filter_backends = [StrictFilterBackend]
    filterset_class = AIModelFilter
    required_scopes: ClassVar[Mapping[str, frozenset[str]]] = {
        "list": PUBLIC,
        "default": PUBLIC,
        "premium": PUBLIC,
        "retrieve": PUBLIC,
        "validate": PUBLIC,
        "create": ADDING_MODELS,
        "partial_update": CHANGING_MODELS,
        "update": CHANGING_MODELS,
        "destroy": CHANGING_MODELS,
        "make_default": CHANGING_MODELS,
        "restore": CHANGING_MODELS,
    }

    def get_queryset(self) -> AIModelQuerySet:
        if self.action == "premium":
            return AIModel.premium.all()
        if self.action == "list" and "status" not in self.request.query_params:
            return AIModel.active.all()
        return AIModel.objects.all()

    def check_permissions(self, request: Request) -> None:
        takes_status = self.action in {"list", "premium"}
        if takes_status and "status" in request.query_params and not has_catalogue_rights(request):
            self.check_throttles(request)  # as for whoever lacks the scope of a view
            self.permission_denied(request, message="Filtering by status needs catalogue rights.")
        super().check_permissions(request)

    @extend_schema(
        summary="Premium models",
        description="Active and premium, with the list's filters.",
        operation_id="models_premium_list",
        responses=AIModelSerializer(many=True),
        filters=True,
    )
    def premium(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(
        summary="The default model", description="404 only while no model is active.", filters=False
    )
    def default(self, request: Request) -> Response:
        refuse_any(request)
        model = AIModel.default.first()
        if model is None:
            raise NoDefaultModel("No model is active, so there is no default. Activate one.")
        return Response(self.get_serializer(model).data)

    @extend_schema(summary="One model", parameters=[MODEL_ID])
    def retrieve(self, request: Request, model_id: str) -> Response:
        refuse_any(request)
        models = AIModel.objects.all() if has_catalogue_rights(request) else AIModel.objects.sold()
        model = models.with_model_id(model_id).first()
        if model is None:
            raise NotFound(NOT_FOUND)
        return Response(self.get_serializer(model).data)

    @extend_schema(
        summary="Does a model offer this?",
        description="200 also when it does not, and for an unknown model. Price limits are not asked.",
        parameters=[MODEL_ID, CapabilityQuery],
        responses=CapabilitySerializer,
    )
    def validate(self, request: Request, model_id: str) -> Response:
        wanted = read_query(request, CapabilityQuery)
        model = AIModel.objects.with_model_id(model_id).first()
        capability = check_capability(model_id, model, **wanted)
        return Response(CapabilitySerializer(capability).data)
