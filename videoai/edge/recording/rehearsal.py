"""What Django says around a recorded generation: learnt from Django, never copied.

A request is sent through all the middleware to the view of generations, which records nothing this once.
The headers of its answer are those of every recording that comes with the same headers of its own.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, reverse
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request as DRFRequest
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from models_registry.api.scopes import RECORDING
from models_registry.usage.api.recording import GenerationsView
from videoai.edge.behind.threads import Request, environ
from videoai.edge.ready.answers import LEFT, LENGTH, REQUEST_ID
from videoai.edge.recording.arrivals import Surroundings
from videoai.edge.requests import Headers, Scope
from videoai.limits import throttling
from videoai.limits.windows import Count

MOST_KEPT = 64
STATUSES = (201, 200)
BODY = b"{}"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers of answers with one status, and where in them those stand that differ."""

    headers: Headers
    places: dict[bytes, int]

    def around(self, body: bytes, *, request_id: bytes, left: bytes | None) -> Headers:
        """The headers of one answer; `left` is what its caller has left of the limit, if there is one."""
        found = self.headers.copy()
        found[self.places[LENGTH]] = (LENGTH, b"%d" % len(body))
        found[self.places[REQUEST_ID]] = (REQUEST_ID, request_id)
        if left is not None:
            found[self.places[LEFT]] = (LEFT, left)
        return found


Envelopes = dict[int, Envelope]  # by status


class Rehearsals:
    """The envelopes of the surroundings that were met last."""

    def __init__(self) -> None:
        self._handler = _Handler()
        self._handler.load_middleware()
        self._known: OrderedDict[Surroundings, Envelopes | None] = OrderedDict()

    def envelopes(self, surroundings: Surroundings) -> Envelopes | None:
        """None where Django would not even ask the view."""
        if surroundings not in self._known:
            self._known[surroundings] = self._rehearse(surroundings)
            if len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return self._known[surroundings]

    def _rehearse(self, surroundings: Surroundings) -> Envelopes | None:
        found = {}
        for status in STATUSES:
            request = _request(surroundings, status)
            try:
                request.get_host()
            except DisallowedHost:
                return None
            # Apart, because the middleware leaves the id of its request behind.
            response = copy_context().run(self._handler.get_response, request)
            if response.status_code != status or response.cookies:
                return None
            found[status] = _envelope(response)
        return found


def _envelope(response: HttpResponseBase) -> Envelope:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    return Envelope(headers, {name: place for place, (name, _) in enumerate(headers)})


def _request(surroundings: Surroundings, status: int) -> WSGIRequest:
    own = ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY)))
    scope: Scope = {
        "method": "POST",
        "path": reverse("model-generations", args=["_"]),
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [*surroundings, *own],
        "for_edge": True,
    }
    request = WSGIRequest(environ(Request(scope, BODY)))
    request.rehearsed_status = status  # type: ignore[attr-defined]
    return request


# --- The view that records nothing -----------------------------------------------------------------------


class _Trusted(BaseAuthentication):
    scopes = RECORDING

    def authenticate(self, request: DRFRequest) -> tuple[Any, Any]:
        return AnonymousUser(), self


class _Uncounted(BaseThrottle):
    """Says what there is to say of the limit, and counts nobody."""

    def allow_request(self, request: DRFRequest, view: Any) -> bool:
        rate = settings.RATE_LIMIT_WRITE
        view.headers.update(throttling.headers("write", rate, Count(1, 1)) if rate else {})
        return True


class _RehearsedView(GenerationsView):
    authentication_classes = [_Trusted]
    throttle_classes = [_Uncounted]

    def post(self, request: DRFRequest, model_id: str) -> Response:
        return Response({}, status=request._request.rehearsed_status)  # type: ignore[attr-defined]


class _Handler(BaseHandler):
    """Django's handler, whose only address leads to that view."""

    _view: Callable[..., HttpResponseBase] = staticmethod(_RehearsedView.as_view())

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        match = ResolverMatch(self._view, (), {"model_id": "_"})
        request.resolver_match = match
        return match
