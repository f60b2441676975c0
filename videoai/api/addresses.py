from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PREFIXES = ("/api", "/healthz", "/readyz", "/metrics")


class TrailingSlashMiddleware:
    """Answers API addresses without their last slash too.

    Django would redirect, and a redirected POST loses its body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PREFIXES) and not request.path_info.endswith("/"):
            request.path_info += "/"
            request.path += "/"
        return self.get_response(request)
