"""Writes that were refused are written down: somebody tried to change something, and may try again."""

import json
import logging
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from models_registry.admin.writes import REFUSED_WRITE
from models_registry.audit import ledger
from models_registry.audit.occasion import acting
from videoai.access.patience import PATIENCE, waiting_at_most
from videoai.api.problem import MEDIA_TYPE
from videoai.limits.callers import caller_of
from videoai.limits.counting import count

logger = logging.getLogger(__name__)

PREFIXES = ("/api/", "/admin/")
WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Not 405, where nothing can be written; not 429, of which there is no end.
REFUSALS = frozenset({400, 401, 403, 404, 406, 409, 411, 412, 413, 415, 422})
LONGEST_PATH = 250


class RefusedWritesMiddleware:
    """Belongs inside the occasion, which knows who asks, and outside of all that may refuse."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_refused_write(request, response):
            try:
                record(request, response)
            except (DatabaseError, InterfaceError) as error:
                logger.error("A refused write could not be recorded: %s", type(error).__name__)
        return response


def is_refused_write(request: HttpRequest, response: HttpResponse) -> bool:
    if request.method not in WRITING or not request.path_info.startswith(PREFIXES):
        return False
    return response.status_code in REFUSALS or hasattr(request, REFUSED_WRITE)


def record(request: HttpRequest, response: HttpResponse) -> None:
    """Write down what was tried, but neither body nor query. Raises DatabaseError or InterfaceError."""
    if not may_record(caller_of(request)):
        return
    path = escape_uri_path(request.path_info)[:LONGEST_PATH]
    # Without the reason: it may be what was wrong, and a form's stands in a body that may be wrong, too.
    with acting(reason=""), waiting_at_most(PATIENCE), transaction.atomic():  # once: it is worth no more
        ledger.record_event(
            "write_refused",
            subject=f"{request.method} {path}",
            method=request.method,
            path=path,
            status=response.status_code,
            code=getattr(request, REFUSED_WRITE, "") or code_of(response),
        )


def may_record(caller: str) -> bool:
    """Whether there is room for one more of `caller` in this window; the first that has none is logged."""
    rate = settings.RATE_LIMIT_FAILURE
    if rate is None:
        return True
    number = count(f"refused:{caller}", seconds=rate.seconds).number
    if number == rate.limit + 1:
        logger.warning(
            "%s was refused more than %d writes in %d seconds; the others of this while are not recorded.",
            caller,
            rate.limit,
            rate.seconds,
        )
    return number <= rate.limit


def code_of(response: HttpResponse) -> str:
    """The problem's code; pages have none."""
    if response.headers.get("Content-Type") != MEDIA_TYPE:
        return ""
    return str(json.loads(response.content)["code"])
