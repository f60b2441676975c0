"""Who acts, from where and why: what the audit trail writes beside each change."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ErrorDetail, ValidationError

from models_registry.audit.occasion import REASON_LENGTH, Actor, Occasion, acting, taking_place
from models_registry.values import CONTROL, UNSTORABLE
from videoai.access.client_address import client_address
from videoai.api.request_id import current_request_id

REASON_HEADER = "X-Change-Reason"
ENCODED = "utf-8''"  # RFC 8187; case does not matter
EXAMPLE = "UTF-8''Gr%C3%BC%C3%9Fe"
REASON_FIELD = "change_reason"  # of the admin's forms
ANONYMOUS = Actor("anonymous", "", "anonymous")


class OccasionMiddleware:
    """Opens an occasion around every request; user and reason are looked up when something is recorded."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_api = request.path_info.startswith("/api/")
        reason_of = reason_in_header if is_api else reason_in_form
        occasion = Occasion(
            source="api" if is_api else "admin",
            request_id=current_request_id(),
            address=client_address(request),
            find_actor=lambda: actor_of(request),
            find_reason=lambda: reason_of(request),
        )
        with taking_place(occasion):
            return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor:
    """The token that authenticated the request, else the signed-in user, else nobody we know."""
    actor: Actor | None = getattr(request, "audit_actor", None)
    if actor is not None:
        return actor
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ANONYMOUS
    return Actor("user", str(user.pk), user.get_username())


def reason_in_header(request: HttpRequest) -> str:
    """`X-Change-Reason`. Raises ValidationError when it is empty, too long or holds control characters."""
    sent = request.headers.get(REASON_HEADER)
    if sent is None:
        return ""
    try:
        text = _decoded(sent).strip()
    except UnicodeDecodeError as error:
        raise _bad_reason("invalid_text", "The reason is not UTF-8.") from error
    if not text:
        raise _bad_reason("blank", f"The reason came empty. Beyond ASCII, write it as {EXAMPLE} (RFC 8187).")
    if len(text) > REASON_LENGTH:
        raise _bad_reason("max_length", f"A reason has at most {REASON_LENGTH} characters, not {len(text)}.")
    if CONTROL.search(text) or UNSTORABLE.search(text):
        raise _bad_reason("invalid_text", "The reason holds a control character; take it out.")
    return text


def _decoded(sent: str) -> str:
    """Raises UnicodeDecodeError. Some servers hand over nothing of a header that is more than ASCII."""
    if sent.lower().startswith(ENCODED):
        return unquote(sent[len(ENCODED) :], errors="strict")
    with suppress(UnicodeError):
        return sent.encode("latin-1").decode()  # WSGI hands the bytes of a header over as Latin-1
    return sent


def _bad_reason(code: str, message: str) -> ValidationError:
    return ValidationError({REASON_HEADER: [ErrorDetail(message, code)]})


def reason_in_form(request: HttpRequest) -> str:
    """What was typed as the reason, in one line; the forms have checked its length."""
    return " ".join(request.POST.get(REASON_FIELD, "").split())


@contextmanager
def operator_at_work(command: str, *, reason: str = "") -> Iterator[None]:
    """For management commands: who runs it on this machine, and which one."""
    with acting(actor=operator(), source=command, reason=reason):
        yield


def operator() -> Actor:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that no user has
        name = "operator"
    return Actor("command", "", name)
