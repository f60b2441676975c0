"""How the catalogue is written over HTTP: find the model, mind `If-Match`, then ask a service."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry import services
from models_registry.api.bodies import read_confirmable, read_confirmation, refuse_values
from models_registry.api.openapi import (
    CHANGES,
    CONFIRMATION,
    CONFIRMING,
    IF_MATCH,
    LOCATION,
    MODEL_ID,
    NEW_MODEL,
    NOTHING,
    TAG,
    WHOLE_MODEL,
)
from models_registry.api.query import refuse_any
from models_registry.api.scopes import READING
from models_registry.api.serializers import AIModelSerializer
from models_registry.api.tags import entity_tag, insists_on_state, names
from models_registry.audit import occasion
from models_registry.errors import StaleModel
from models_registry.models import AIModel

# The same words for an unknown id and for one that the caller may not know of.
NOT_FOUND = "No model of this id is on offer. The list at /api/v1/models/ has those that are."


class ReasonedWrites(APIView):
    """Any write may say why."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if (request.method or "").lower() not in READING:
            # Asked for now, so that a bad reason is refused even if nothing will be recorded.
            occasion.current().find_reason()


class ModelWrites(ReasonedWrites, viewsets.GenericViewSet[AIModel]):
    """The writes. Each answers with the model as it then is, and with its tag."""

    @extend_schema(
        summary="Add a model",
        description="The first active one becomes the default. 409 if the id is taken, in whatever case.",
        request=NEW_MODEL,
        parameters=[TAG, LOCATION],
        responses={201: AIModelSerializer},
        filters=False,
    )
    def create(self, request: Request) -> Response:
        refuse_any(request)
        values, confirmed = read_confirmable(request)
        model = services.create(values, confirmed=confirmed)
        response = self._shown(model, status=201)
        response["Location"] = reverse("model", args=[model.model_id])
        return response

    @extend_schema(
        summary="Change fields of a model",
        description=f"The rules hold for the whole row. What stands already changes nothing. {CONFIRMING}",
        request=CHANGES,
        parameters=[MODEL_ID, IF_MATCH, TAG],
        responses=AIModelSerializer,
    )
    def partial_update(self, request: Request, model_id: str) -> Response:
        model, version = self._target(request, model_id)
        changes, confirmed = read_confirmable(request)
        return self._shown(services.revise(model, changes, expected_version=version, confirmed=confirmed))

    @extend_schema(
        summary="Replace what describes a model",
        description=(
            f"Like PATCH, but what a new model needs has to be there. The rest stays as it is. {CONFIRMING}"
        ),
        request=WHOLE_MODEL,
        parameters=[MODEL_ID, IF_MATCH, TAG],
        responses=AIModelSerializer,
    )
    def update(self, request: Request, model_id: str) -> Response:
        model, version = self._target(request, model_id)
        values, confirmed = read_confirmable(request)
        return self._shown(services.replace(model, values, expected_version=version, confirmed=confirmed))

    @extend_schema(
        summary="Retire a model",
        description="It is taken off sale; its id stays taken. Again is the same. Not the default: 409.",
        request=None,
        parameters=[MODEL_ID, IF_MATCH],
        responses={204: None},
    )
    def destroy(self, request: Request, model_id: str) -> Response:
        model, version = self._target(request, model_id)
        refuse_values(request)
        services.retire(model, expected_version=version)
        return Response(status=204)

    @extend_schema(
        summary="Make a model the default",
        request=NOTHING,
        parameters=[MODEL_ID, IF_MATCH, TAG],
        responses=AIModelSerializer,
    )
    def make_default(self, request: Request, model_id: str) -> Response:
        model, version = self._target(request, model_id)
        refuse_values(request)
        return self._shown(services.make_default(model, expected_version=version))

    @extend_schema(
        summary="Bring a retired model back as active",
        description=CONFIRMING,
        request=CONFIRMATION,
        parameters=[MODEL_ID, IF_MATCH, TAG],
        responses=AIModelSerializer,
    )
    def restore(self, request: Request, model_id: str) -> Response:
        model, version = self._target(request, model_id)
        confirmed = read_confirmation(request)
        return self._shown(services.restore(model, expected_version=version, confirmed=confirmed))

    def _target(self, request: Request, model_id: str) -> tuple[AIModel, int | None]:
        """The model to write, and the version that it must still have then; None: any will do.

        Raises NotFound, or StaleModel if `If-Match` does not name the model as it is.
        """
        refuse_any(request)
        model = AIModel.objects.with_model_id(model_id).first()
        if model is None:
            raise NotFound(NOT_FOUND)
        if not insists_on_state(request):
            return model, None
        if not names(request, entity_tag(self._rendered(model))):
            raise StaleModel(model.model_id)
        return model, model.version_number

    def _shown(self, model: AIModel, *, status: int = 200) -> Response:
        headers = {"ETag": entity_tag(self._rendered(model))}
        return Response(self.get_serializer(model).data, status=status, headers=headers)

    def _rendered(self, model: AIModel) -> bytes:
        """The body with which this client is, or would be, shown `model`."""
        data = self.get_serializer(model).data
        media_type = self.request.accepted_media_type
        body = self.request.accepted_renderer.render(data, media_type, self.get_renderer_context())
        return body if isinstance(body, bytes) else body.encode()
