"""`GET /metrics`, for those who run us."""

from ipaddress import ip_address
from typing import Any, ClassVar, NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework.authentication import BaseAuthentication
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from models_registry.api.query import refuse_any
from models_registry.api.scopes import READING
from videoai.access.authentication import SCHEME, BearerAuthentication, StaffSessionAuthentication
from videoai.access.client_address import client_address, nearest_stranger
from videoai.observing.catalogue import reader
from videoai.observing.exposition import exposition
from videoai.observing.server import sharing, started_at

READING_METRICS = frozenset({"metrics:read"})
VERSION = str(settings.SPECTACULAR_SETTINGS["VERSION"])
STARTED = started_at()


class Nearby(NamedTuple):
    """`request.auth` of whoever asks from a network that may see metrics."""

    scopes: frozenset[str] = READING_METRICS


class NetworkAuthentication(BaseAuthentication):
    """Callers from METRICS_NETWORKS need no token."""

    def authenticate(self, request: Request) -> tuple[Any, Nearby] | None:
        return (AnonymousUser(), Nearby()) if is_nearby(request._request) else None

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def is_nearby(request: HttpRequest) -> bool:
    """By the client's own address. Whoever was passed on by somebody we don't trust is a stranger."""
    text = client_address(request)
    if not text:
        return False
    address = ip_address(text)
    was_passed_on = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    if was_passed_on and (address.is_loopback or _is_passing_on(request, text)):
        return False
    return _is_in(settings.METRICS_NETWORKS, address)


def _is_passing_on(request: HttpRequest, address: str) -> bool:
    """Is it the address of a proxy: of one that nobody trusts, or that did not say for whom it asks?"""
    peer = nearest_stranger(request.META.get("REMOTE_ADDR", ""), "")
    return address == peer or _is_in(settings.TRUSTED_PROXIES, ip_address(address))


def _is_in(networks: Any, address: Any) -> bool:
    return any(address in network for network in networks)


class Exposition(JSONRenderer):
    """For negotiation, and for problems: Prometheus names the types that it likes best, and takes any."""

    media_type = "text/plain"


class MetricsView(APIView):
    """Of all processes of this server together. It answers, too, when the database does not."""

    schema = None
    http_method_names = READING
    authentication_classes = [BearerAuthentication, NetworkAuthentication, StaffSessionAuthentication]
    renderer_classes = [Exposition]
    throttle_classes = []  # whoever uses the limit up from the same address must not hide us
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": READING_METRICS}

    def get(self, request: Request) -> HttpResponse:
        refuse_any(request)
        told = exposition(sharing.numbers(), reader.rows(), version=VERSION, started=STARTED)
        response = HttpResponse(told, content_type=CONTENT_TYPE_LATEST)
        response["Cache-Control"] = "no-store"
        return response
