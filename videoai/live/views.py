"""The live stream without the edge in front, and a page that shows what it is good for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry.api.query import refuse_any
from models_registry.api.scopes import PUBLIC, READING
from models_registry.models import CatalogueRevision
from videoai.live import events

SCRIPT = Path(settings.BASE_DIR, "videoai/static/videoai/live-price.js").read_text()

LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    str,
    OpenApiParameter.HEADER,
    description="The id of the last event that you got; browsers send it by themselves. You are told what "
    "came since, or to reload.",
)
# As clients take a stream apart: one object an event.
EVENT = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string", "enum": [events.CATALOGUE]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "type": "object",
                "required": ["revision", "changed", "reload"],
                "properties": {
                    "revision": {"type": "integer"},
                    "changed": {
                        "type": "array",
                        "items": {"type": "string"},
                        "maxItems": events.MOST_MODELS,
                        "description": "Models that were on sale before the change, or are after it.",
                    },
                    "reload": {"type": "boolean", "description": "Anything may have changed."},
                },
            },
        },
    },
}
EXAMPLE = OpenApiExample(
    "A price was changed",
    media_type=events.MEDIA_TYPE,
    value=events.changed("0c1f-42", ["google/veo-3"]).decode(),
)
DESCRIPTION = (
    "Server-sent events, for `new EventSource('/api/v1/events/')`. Each change of the catalogue is a "
    "`catalogue` event: `revision`; `changed`, the ids of the models on sale before or after; and "
    "`reload`, `true` when anything may have changed, such as every price. A comment every 15 seconds keeps "
    "the connection open. The stream may end at any time: connect again with the last id. A server without "
    "live streams answers with what there is to tell and ends, and browsers ask again every two seconds."
)


class EventStreamRenderer(JSONRenderer):
    """Events are bytes already; problems are JSON here, too."""

    media_type = events.MEDIA_TYPE
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if isinstance(data, bytes):
            return data
        body: bytes = super().render(data, accepted_media_type, renderer_context)
        return body


class EventsView(APIView):
    """Tells what there is to tell and ends. The edge answers this address itself, and stays."""

    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}
    renderer_classes = (EventStreamRenderer,)

    @extend_schema(
        summary="What changes, as it changes",
        description=DESCRIPTION,
        parameters=[LAST_EVENT_ID],
        responses={(200, events.MEDIA_TYPE): EVENT},
        examples=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        refuse_any(request)
        present, last = _present(), request.headers.get("Last-Event-ID", "")
        news = events.reload(present) if last not in {"", present} else b""
        return Response(events.opening(present) + news, headers={"X-Accel-Buffering": "no"})


def _present() -> str:
    row = CatalogueRevision.objects.first() or CatalogueRevision()
    return events.event_id(row.epoch, row.revision)


@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """Everything else on the page comes from the API, as it would for anybody's frontend."""
    facts = {"script": SCRIPT, "user": AnonymousUser()}
    page = HttpResponse(loader.get_template("demo.html").render(facts))
    page.headers["Cache-Control"] = "no-cache"
    return page
