"""Errors as RFC 9457 problem details: one closed table of codes, one shape, whatever went wrong where."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template import loader
from django.utils.log import log_response
from django.views import csrf
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    NotAcceptable,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from models_registry.errors import CatalogueError
from models_registry.transactions import Breakage, OutcomeUnknown, breakage
from models_registry.values import UNSTORABLE
from pricing.errors import CatalogueBusy, Unpriced
from videoai.api.request_id import current_request_id
from videoai.observing.queries import note_error
from videoai.replicas.reading import has_failed

logger = logging.getLogger(__name__)

# What is left on a request.
BROKEN, WRITTEN, FAILED = "_broken_database", "_has_written", "_database_failure"

MEDIA_TYPE = "application/problem+json"
ADMIN = "/admin/"

# Every code that a client can meet, with its status and title. Clients switch on the codes: they stay.
PROBLEMS: dict[str, tuple[int, str]] = {
    "invalid": (400, "The request breaks a rule"),
    "bad_request": (400, "The request can't be understood"),
    "parse_error": (400, "The body is not valid JSON"),
    "not_authenticated": (401, "Credentials are missing"),
    "authentication_failed": (401, "The credentials are not valid"),
    "permission_denied": (403, "The rights don't reach this far"),
    "csrf_failed": (403, "The form has expired"),
    "not_found": (404, "There is nothing at this address"),
    "model_unavailable": (404, "The model is not for sale"),
    "no_default_model": (404, "No model is active"),
    "method_not_allowed": (405, "The method is not allowed here"),
    "not_acceptable": (406, "Nothing that you accept is served here"),
    "change_overlaps": (409, "Another change stands at that moment"),
    "change_settled": (409, "The change is not pending any more"),
    "confirmation_required": (409, "The change has to be confirmed"),
    "default_model_required": (409, "There has to be a default model"),
    "default_must_be_active": (409, "Only an active model can be the default"),
    "generation_conflict": (409, "The generation is recorded otherwise"),
    "model_id_taken": (409, "The model id is taken"),
    "model_not_retired": (409, "The model is not retired"),
    "quote_altered": (409, "The quote is not what was signed"),
    "quote_expired": (409, "The quote has expired"),
    "quote_redeemed": (409, "The quote is redeemed"),
    "rate_tie": (409, "Two rates would fit alike"),
    "quality_tier_in_use": (409, "The quality tier is in use"),
    "held_price_decided": (409, "The held price is decided already"),
    "held_price_moved": (409, "What the list said before has changed"),
    "nothing_to_follow": (409, "The list has no price to follow"),
    "price_of_nothing": (409, "Nothing is sold at a price of 0"),
    "length_required": (411, "The length of the body is missing"),
    "stale_model": (412, "The model was changed in the meantime"),
    "too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "Only JSON is read"),
    "unsupported_duration": (422, "The model does not offer this duration"),
    "unsupported_quality": (422, "The model does not offer this quality"),
    "over_limit": (422, "The price is above the limit"),
    "throttled": (429, "Too many requests"),
    "server_error": (500, "Something went wrong on our side"),
    "unpriced": (503, "There is no price"),
    "catalogue_busy": (503, "The catalogue is busy"),
    "outcome_unknown": (503, "Nobody knows whether it was written"),
    "too_many_streams": (503, "There are too many live streams"),
    "unavailable": (503, "The service is not available"),
}

# What passes by itself, so that trying again soon makes sense.
PASSING = frozenset({"unavailable", "catalogue_busy", "too_many_streams"})
DATABASE_SILENT = "The database does not answer. Try again in a moment."
SERVER_ERROR = "It is logged under this request id. Try again, or tell us the id."
# No invitation to send it again: whoever does so without looking may do it twice.
OUTCOME_UNKNOWN = (
    "The connection to the database broke while this was being written, so it may be written or not. Read "
    "what it was about before you send it again: its history names this request_id if it was written."
)

# What `errors[].code` says of a single field.
FIELD_CODES = frozenset(
    {
        "blank",
        "cyclic",
        "immutable",
        "invalid",
        "invalid_choice",
        "invalid_text",
        "max_decimal_places",
        "max_digits",
        "max_items",
        "max_length",
        "max_value",
        "min_value",
        "not_the_only_duration",
        "null",
        "past_dated",
        "read_only",
        "repeated",
        "required",
        "reserved",
        "shorter_than_duration",
        "too_deep",
        "too_large",
        "unique",
        "unknown_field",
        "unknown_model",
        "unknown_parameter",
        "unknown_quality",
    }
    | PROBLEMS.keys()
)

FieldErrors = list[dict[str, str]]

# A small body can break rules a hundred thousand times; nobody reads more than a few.
MOST_ERRORS = 50
LONGEST_NAME = 200


def problem(
    code: str, detail: str, *, errors: FieldErrors | None = None, **facts: object
) -> dict[str, object]:
    """The body of a problem; `facts` are members of its own, such as the alternatives to a choice."""
    status, title = PROBLEMS[code]
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": current_request_id(),
        **facts,
    }
    if errors:
        body["errors"] = errors
    return body


# --- Inside Django REST framework ------------------------------------------------------------------------


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's hook: every known exception becomes a problem; unknown ones go on to `server_error`."""
    body = _body(error)
    if body is None:
        return None
    note_breakage(context["request"]._request, error)
    set_rollback()
    headers = dict(getattr(error, "headers", {}))
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]
    if body["code"] in PASSING:
        headers["Retry-After"] = "1"
    response = Response(body, status=int(str(body["status"])), headers=headers, content_type=MEDIA_TYPE)
    if body["code"] == Unpriced.code:
        _log_quietly(response, context["request"])
    return response


def _log_quietly(response: Response, request: Request) -> None:
    """Before Django logs an error: anybody can ask for what has no price, as often as they like."""
    log_response(
        "%s: %s",
        response.data["detail"],
        request.path,
        response=response,
        request=request,
        logger=logger,
        level="warning",
    )


def _body(error: Exception) -> dict[str, object] | None:  # noqa: PLR0911 - one line a kind of exception
    if isinstance(error, CatalogueError):
        errors = [_field_error(error.field, error.code, error.message)] if error.field else None
        return problem(error.code, error.message, errors=errors, **error.facts)
    if isinstance(error, DjangoValidationError):
        return _invalid(list(_django_errors(error)))
    if isinstance(error, ValidationError):
        return _invalid(list(_drf_errors(error.detail)))
    if isinstance(error, Http404):
        return problem("not_found", "There is nothing at this address.")
    if isinstance(error, PermissionDenied):
        return problem("permission_denied", "You may not do this.")
    if isinstance(error, RequestDataTooBig):
        return problem("too_large", "A body has at most 1 MiB.")
    if isinstance(error, (OperationalError, InterfaceError)):
        return problem(*_of_database(error))
    if isinstance(error, APIException):
        return _api_exception(error)
    return None


def _of_database(error: Exception) -> tuple[str, str]:
    """The code and the detail."""
    note_error(error)
    if isinstance(error, OutcomeUnknown):
        return "outcome_unknown", OUTCOME_UNKNOWN
    return "unavailable", DATABASE_SILENT


def _api_exception(error: APIException) -> dict[str, object]:
    code = error.get_codes() if isinstance(error.detail, ErrorDetail) else error.default_code
    if isinstance(error, NotAcceptable):
        return problem("not_acceptable", str(error.detail))
    if isinstance(error, UnsupportedMediaType):
        return problem("unsupported_media_type", "Send the body as application/json, in UTF-8.")
    if code not in PROBLEMS:
        code = next(
            (known for known, (status, _) in PROBLEMS.items() if status == error.status_code), "bad_request"
        )
    return problem(str(code), str(error.detail))


def _invalid(errors: FieldErrors) -> dict[str, object]:
    detail = " ".join(f"{error['field']}: {error['message']}" for error in errors[:3])
    if len(errors) > 3:
        detail += f" And {len(errors) - 3} more."
    return problem("invalid", detail, errors=errors[:MOST_ERRORS])


def _field_error(field: str, code: str | None, message: str) -> dict[str, str]:
    """An error of one field, whose name may be whatever a client made up."""
    known = code if code in FIELD_CODES else "invalid"
    name = UNSTORABLE.sub("\ufffd", field)[:LONGEST_NAME]
    return {"field": name, "code": str(known), "message": message}


def _django_errors(error: DjangoValidationError) -> Iterator[dict[str, str]]:
    if not hasattr(error, "error_dict"):
        error = DjangoValidationError({"non_field_errors": error})
    for field, problems in error.error_dict.items():
        for one in problems:
            yield _field_error(field, one.code, " ".join(one.messages))


def _drf_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested details; the field of an inner error reads `outer.0.inner`."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _drf_errors(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (Mapping, list))
            yield from _drf_errors(inner, f"{path}.{index}".lstrip(".") if nested else path)
    else:
        yield _field_error(path or "non_field_errors", detail.code, str(detail))


# --- Outside of it: unknown addresses, refused requests, our own mistakes --------------------------------


def respond(code: str, detail: str, **facts: object) -> HttpResponse:
    body = {**problem(code, detail), **facts}
    return HttpResponse(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        status=PROBLEMS[code][0],
        content_type=MEDIA_TYPE,
    )


def _is_for_people(request: HttpRequest) -> bool:
    return request.path_info.startswith(ADMIN)


def _page(status: int) -> HttpResponse:
    """The page of an error, made without reading the request again: that may be what went wrong."""
    return HttpResponse(loader.get_template(f"{status}.html").render(), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_for_people(request):
        return _page(400)
    if isinstance(exception, RequestDataTooBig):
        return respond("too_large", "A body has at most 1 MiB.")
    return respond("bad_request", "The request can't be understood; its host, headers or form are not valid.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_for_people(request):
        return _page(403)
    return respond("permission_denied", "You may not do this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _is_for_people(request):
        return csrf.csrf_failure(request, reason)
    return respond("csrf_failed", "Send the CSRF token of your session in the X-CSRFToken header.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_for_people(request):
        return _page(404)
    return respond("not_found", "There is nothing at this address. /api/v1/docs/ lists what there is.")


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    response = respond("method_not_allowed", f"{request.method} is not allowed here; GET is.")
    response["Allow"] = "GET, HEAD"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Called by Django while it handles the exception, which it does not pass on."""
    error = sys.exc_info()[1]
    if isinstance(error, (OperationalError, InterfaceError, CatalogueBusy)):
        return database_failed(request, error)
    if _is_for_people(request):
        return _page(500)
    return respond("server_error", SERVER_ERROR)


def database_failed(request: HttpRequest, error: Exception) -> HttpResponse:
    """For what is not answered by Django REST framework."""
    note_breakage(request, error)
    if isinstance(error, CatalogueBusy):
        code, detail = "unavailable", DATABASE_SILENT
    else:
        code, detail = _of_database(error)
    if code == "outcome_unknown" or WRITTEN in vars(request):
        return outcome_unknown(request)
    response = _page(503) if _is_for_people(request) else respond(code, detail)
    response["Retry-After"] = "1"
    return response


def outcome_unknown(request: HttpRequest) -> HttpResponse:
    if _is_for_people(request):
        page = loader.get_template("outcome_unknown.html").render({"request_id": current_request_id()})
        return HttpResponse(page, status=503)
    return respond("outcome_unknown", OUTCOME_UNKNOWN)


def note_breakage(request: HttpRequest, error: Exception) -> None:
    """Leave on `request` that the database failed it: it may be answered anew, and is told of in the end.

    What failed on a replica is read from the primary anyway.
    """
    if isinstance(error, (OperationalError, InterfaceError, CatalogueBusy)):
        # The kind of the error alone, which holds no values.
        setattr(request, FAILED, type(error.__cause__ or error).__name__)
    broken = breakage(error)
    if broken is not None and not has_failed():
        setattr(request, BROKEN, broken)


def taken_failure(request: HttpRequest) -> str | None:
    """The kind of error that `note_breakage` left, which is taken away."""
    failed: str | None = vars(request).pop(FAILED, None)
    return failed


def note_written(request: HttpRequest) -> None:
    """Leave on `request` that it has written: nobody is to be told any more that nothing came of it."""
    setattr(request, WRITTEN, True)


def taken_breakage(request: HttpRequest) -> Breakage | None:
    """What `note_breakage` left, which is taken away."""
    broken: Breakage | None = vars(request).pop(BROKEN, None)
    return broken
