"""What was scheduled for a moment that has come is carried out before anything is read."""

from collections.abc import Callable

from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from models_registry.services import carry_out_what_is_due
from models_registry.transactions import breakage
from videoai.api.problem import database_failed

# Where prices and states are shown. Whoever reads a price book asks along with it.
PLACES = ("/api/v1/models/", "/admin/")
SHOWS_NOTHING = ("/admin/login/",)
READING = {"GET", "HEAD"}


class TurningMiddleware:
    """Asks before each read whether something is due, which costs one query; writes ask behind their lock.

    The edge asks for what it answers by itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        place = f"{request.path_info}/"
        is_shown = place.startswith(PLACES) and not place.startswith(SHOWS_NOTHING)
        if request.method not in READING or not is_shown:
            return None
        try:
            carry_out_what_is_due()
        except Error as error:
            if breakage(error) is None and not isinstance(error, (OperationalError, InterfaceError)):
                raise
            return database_failed(request, error)
        return None
