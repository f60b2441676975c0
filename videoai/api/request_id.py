"""One id a request: in the response, in problems and in every log line."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")

_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def current_request_id() -> str:
    """The id of the request under way, or `-` outside of any."""
    return _request_id.get()


def request_id_for(sent: str) -> str:
    """The id that a client sent, when it is well formed, else a new one."""
    return sent if WELL_FORMED.fullmatch(sent) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Gives every request its id. Outermost, so errors have it too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_for(request.headers.get(HEADER, ""))
        # Never reset: Django logs the response after this returns, and the next request sets its own.
        _request_id.set(request_id)
        response = self.get_response(request)
        response[HEADER] = request_id
        return response


class RequestIdFilter(logging.Filter):
    """Puts the id on every record, whoever logs it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True
