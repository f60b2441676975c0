"""What Django says around a recorded generation: learnt from Django, never copied.

A request is sent through all the middleware to the view of generations, which records nothing this once.
The headers of its answer are those of every recording that comes with the same headers of its own.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from io import BytesIO
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
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from models_registry.api.scopes import RECORDING
from models_registry.usage.api.recording import GenerationsView
from videoai.api.request_id import HEADER
from videoai.edge.arrivals import Headers
from videoai.limits.caches import Count
from videoai.limits.rates import Rate
from videoai.limits.throttling import headers as limit_headers

MOST_KEPT = 64
STATUSES = (201, 200)
BODY = b"{}"


@dataclass(frozen=True)
class Envelope:
    """The headers of answers with one status; what differs between answers is filled in."""

    headers: list[tuple[bytes, bytes]]
    places: dict[str, int]  # of the headers that differ, by their names in lower case

    def around(self, body: bytes, *, request_id: str, limits: dict[str, str]) -> list[tuple[bytes, bytes]]:
        """The headers of one answer, in Django's order."""
        found = self.headers.copy()
        values = {HEADER: request_id, "Content-Length": str(len(body)), **limits}
        for name, value in values.items():
            place = self.places[name.lower()]
            found[place] = (found[place][0], value.encode("latin-1"))
        return found


Envelopes = dict[int, Envelope]  # by status


class Rehearsals:
    """The envelopes of the surroundings that were met last."""

    def __init__(self) -> None:
        self._handler = _Handler()
        self._handler.load_middleware()
        self._known: OrderedDict[Headers, Envelopes | None] = OrderedDict()

    def envelopes(self, surroundings: Headers) -> Envelopes | None:
        """None where Django would not even ask the view."""
        if surroundings not in self._known:
            self._known[surroundings] = self._rehearse(surroundings)
            if len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return self._known[surroundings]

    def _rehearse(self, surroundings: Headers) -> Envelopes | None:
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
    headers = [(name.lower(), value) for name, value in response.items()]
    return Envelope(
        [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers],
        {name: place for place, (name, _) in enumerate(headers)},
    )


def _request(surroundings: Headers, status: int) -> WSGIRequest:
    sent = {
        f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
        for name, value in surroundings
    }
    server = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "SCRIPT_NAME": "", "wsgi.url_scheme": "http"}
    request = WSGIRequest(
        {
            **sent,
            **server,
            "REQUEST_METHOD": "POST",
            "PATH_INFO": reverse("model-generations", args=["_"]),
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(BODY)),
            "wsgi.input": BytesIO(BODY),
        }
    )
    request.rehearsed_status = status  # type: ignore[attr-defined]
    return request


# --- The view that records nothing -----------------------------------------------------------------------


class _Trusted(BaseAuthentication):
    scopes = RECORDING

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        return AnonymousUser(), self


class _Uncounted(BaseThrottle):
    """Says what there is to say of the limit, and counts nobody."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        view.headers.update(limits(settings.RATE_LIMIT_WRITE, Count(1, 1)))
        return True


class _RehearsedView(GenerationsView):
    authentication_classes = [_Trusted]
    throttle_classes = [_Uncounted]

    def post(self, request: Request, model_id: str) -> Response:
        return Response({}, status=request._request.rehearsed_status)  # type: ignore[attr-defined]


class _Handler(BaseHandler):
    """Django's handler, whose only address leads to that view."""

    _view: Callable[..., HttpResponseBase] = staticmethod(_RehearsedView.as_view())

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        match = ResolverMatch(self._view, (), {"model_id": "_"})
        request.resolver_match = match
        return match


def limits(rate: Rate | None, counted: Count | None) -> dict[str, str]:
    """What an answer says of the limit of writes, if there is one."""
    return limit_headers("write", rate, counted) if rate and counted else {}
