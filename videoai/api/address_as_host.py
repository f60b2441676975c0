from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port

# Of those who run us. What they answer names no host.
FOR_OPERATORS = frozenset({"/healthz", "/readyz", "/metrics"})


class AddressAsHostMiddleware:
    """Answers those who run us though they name an address of ours as the host.

    Orchestrators and Prometheus ask each process at an address that nobody knows beforehand. It stays refused
    to name anything else: a name could have been pointed here by somebody, to read with another's browser.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_for_operators = request.path_info.rstrip("/") in FOR_OPERATORS
        if is_for_operators and is_address(request.META.get("HTTP_HOST", "")) and (name := own_name()):
            request.META["HTTP_HOST"] = name
        return self.get_response(request)


def own_name() -> str:
    """One that is allowed; empty where none is named, or any may be."""
    return next(filter(None, (host.lstrip(".*") for host in settings.ALLOWED_HOSTS)), "")


def is_address(host: str) -> bool:
    """Is `host`, with or without a port, an IP address?"""
    domain, _ = split_domain_port(host)
    try:
        ip_address(domain.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
