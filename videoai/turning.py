"""What was scheduled for a moment that has come is carried out before anything is read."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from models_registry.services import carry_out_what_is_due

# Where prices and states are shown. Whoever reads a price book asks along with it.
PLACES = ("/api/v1/models/", "/admin/")
READING = {"GET", "HEAD"}


class TurningMiddleware:
    """Asks before each read whether something is due, which costs one query; writes ask behind their lock.

    The edge asks for what it answers by itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        if request.method in READING and f"{request.path_info}/".startswith(PLACES):
            carry_out_what_is_due()
