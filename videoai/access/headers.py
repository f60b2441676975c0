"""What every response tells browsers, whoever made it."""

from collections.abc import Callable

from csp.constants import HEADER as POLICY
from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
LENGTHLESS = {204, 304}


class SecurityHeadersMiddleware:
    """Adds what Django's SecurityMiddleware leaves out, or forgets when it refuses an unknown host itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if not response.streaming and response.status_code not in LENGTHLESS:
            # Else one server would frame the body in one way and another in another.
            response.headers.setdefault("Content-Length", str(len(response.content)))
        if POLICY in response.headers:
            response.headers[POLICY] = in_order(response.headers[POLICY])
        return response


def in_order(policy: str) -> str:
    """Its directives by name: django-csp goes through a set, which every process orders in its own way."""
    return "; ".join(sorted(policy.split("; ")))
