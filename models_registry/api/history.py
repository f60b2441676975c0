from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from models_registry.api.openapi import MODEL_ID
from models_registry.api.query import PAGE_PARAMETERS, refuse_unknown
from models_registry.api.scopes import CATALOGUE_RIGHTS, READING
from models_registry.api.serializers import HistoryEntrySerializer
from models_registry.api.writes import NOT_FOUND
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from models_registry.replicable import Replicable


class HistoryView(generics.GenericAPIView[AuditEntry]):
    """What became of one model, and who did it."""

    replicable = Replicable.TRAIL
    http_method_names = READING
    queryset = AuditEntry.objects.all()
    serializer_class = HistoryEntrySerializer
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": CATALOGUE_RIGHTS}

    @extend_schema(
        summary="Who changed a model, and how",
        description="Newest first, with the changes of its rates. Needs catalogue rights.",
        operation_id="models_history_list",
        parameters=[MODEL_ID],
        responses=HistoryEntrySerializer(many=True),
    )
    def get(self, request: Request, model_id: str) -> Response:
        refuse_unknown(request.query_params, known=PAGE_PARAMETERS)
        if not AIModel.objects.with_model_id(model_id).exists():
            raise NotFound(NOT_FOUND)
        entries = AuditEntry.objects.changes().about("model", "rate", subject=model_id).order_by("-number")
        page = self.paginate_queryset(entries)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
