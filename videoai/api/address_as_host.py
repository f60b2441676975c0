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
        if (
            request.path_info.rstrip("/") in FOR_OPERATORS
            and is_address(request.META.get("HTTP_HOST", ""))
            and settings.ALLOWED_HOSTS
        ):
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].lstrip(".")
        return self.get_response(request)


def is_address(host: str) -> bool:
    """Is `host`, with or without a port, an IP address?"""
    domain, _ = split_domain_port(host)
    try:
        ip_address(domain.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
