"""`GET /metrics`, for those who run us."""

from ipaddress import ip_address
from typing import Any, ClassVar, NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from models_registry.api.query import refuse_any
from models_registry.api.scopes import READING
from videoai.access.authentication import SCHEME, BearerAuthentication, StaffSessionAuthentication
from videoai.access.client_address import client_address, nearest_stranger
from videoai.observing.catalogue import reader
from videoai.observing.exposition import OPEN_METRICS, PLAIN, accepts_open_metrics, exposition
from videoai.observing.server import sharing, started_at

READING_METRICS = frozenset({"metrics:read"})
VERSION = str(settings.SPECTACULAR_SETTINGS["VERSION"])
STARTED = started_at()


# What proxies write; with any of them a request did not come straight from whoever asks.
OF_PROXIES = frozenset(
    {
        *("forwarded", "via", "x-forwarded", "x-real-ip", "x-real-port", "x-client-ip", "client-ip"),
        *("true-client-ip", "x-cluster-client-ip", "x-proxyuser-ip", "x-scheme", "x-url-scheme"),
        *("front-end-https", "x-host", "x-rewrite-url", "cdn-loop", "x-azure-clientip", "x-amzn-trace-id"),
    }
)
BEGINNINGS_OF_PROXIES = (
    *("x-forwarded-", "x-original-", "x-envoy-", "x-proxy-", "proxy-", "cf-", "fastly-", "fly-"),
)


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
    if _was_passed_on(request) and (address.is_loopback or _is_passing_on(request, text)):
        return False
    return _is_in(settings.METRICS_NETWORKS, address)


def _was_passed_on(request: HttpRequest) -> bool:
    """As far as a proxy tells: one that adds nothing can't be told from whoever is here."""
    names = map(str.lower, request.headers)
    return any(name in OF_PROXIES or name.startswith(BEGINNINGS_OF_PROXIES) for name in names)


def _is_passing_on(request: HttpRequest, address: str) -> bool:
    """Is it the address of a proxy: of one that nobody trusts, or that did not say for whom it asks?"""
    peer = nearest_stranger(request.META.get("REMOTE_ADDR", ""), "")
    return address == peer or _is_in(settings.TRUSTED_PROXIES, ip_address(address))


def _is_in(networks: Any, address: Any) -> bool:
    return any(address in network for network in networks)


class Exposition(JSONRenderer):
    """Of problems alone: numbers have their own formats."""

    media_type = "text/plain"


class AnythingAccepted(BaseContentNegotiation):
    """Scrapers name what they like best; whoever accepts none of what there is gets plain text."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class MetricsView(APIView):
    """Of all processes of this server together. It answers, too, when the database does not."""

    schema = None
    http_method_names = READING
    authentication_classes = [BearerAuthentication, NetworkAuthentication, StaffSessionAuthentication]
    renderer_classes = [Exposition]
    content_negotiation_class = AnythingAccepted
    throttle_classes = []  # whoever uses the limit up from the same address must not hide us
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": READING_METRICS}

    def get(self, request: Request) -> HttpResponse:
        refuse_any(request)
        form = OPEN_METRICS if accepts_open_metrics(request.headers.get("Accept", "")) else PLAIN
        told = exposition(
            sharing.numbers(), reader.rows(), version=VERSION, started=STARTED, encode=form.encode
        )
        response = HttpResponse(told, content_type=form.content_type)
        patch_vary_headers(response, ["Accept"])
        response["Cache-Control"] = "no-store"
        return response
