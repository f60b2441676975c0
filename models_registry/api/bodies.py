"""The bodies of writes, as they come from the parser: JSON's types, numbers with a point as `Decimal`."""

from collections.abc import Collection
from typing import IO, Any

from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    ParseError,
    ValidationError,
)
from rest_framework.request import Request

from models_registry.values import shown

MOST_DRAINED = 16 * 1024 * 1024
CHUNK = 64 * 1024


class LengthRequired(APIException):
    """Without its length, Django takes a body for empty."""

    status_code = 411
    default_code = "length_required"
    default_detail = "Send the body with a Content-Length; bodies in chunks are not read."


def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body, keyed by field.

    Raises LengthRequired, UnsupportedMediaType, ParseError, or ValidationError for what is no strict JSON.
    """
    if _is_empty(request):
        raise ParseError("The body is empty; it has to be a JSON object.")
    return dict(request.data)


def read_confirmable(request: Request) -> tuple[dict[str, Any], bool]:
    """The JSON object in the body without its `confirm`, and that: is the change meant, however unusual?

    Raises what `read_object` raises.
    """
    values = read_object(request)
    return values, _confirmed(values)


def read_confirmation(request: Request) -> bool:
    """Of a write that takes nothing else: the body is empty, or has `confirm` alone."""
    if _is_empty(request):
        return False
    values = dict(request.data)
    confirmed = _confirmed(values)
    _refuse_all(values)
    return confirmed


def _confirmed(values: dict[str, Any]) -> bool:
    """Take `confirm` out of `values`."""
    confirmed = values.pop("confirm", False)
    if not isinstance(confirmed, bool):
        refusal = ErrorDetail(f"{shown(confirmed)} is neither true nor false.", "invalid")
        raise ValidationError({"confirm": [refusal]})
    return confirmed


def refuse_values(request: Request) -> None:
    """For writes that take none: the body is empty, or `{}`."""
    if _is_empty(request):
        return
    _refuse_all(request.data)


def _refuse_all(values: Collection[str]) -> None:
    refusal = ErrorDetail("This request takes no fields; leave the body empty.", "unknown_field")
    if values:
        raise ValidationError({name: [refusal] for name in values})


def drain(stream: IO[bytes]) -> None:
    """Read what a client is still sending, within limits: many listen for the answer only after that."""
    left = MOST_DRAINED
    while left > 0 and (content := stream.read(CHUNK)):
        left -= len(content)


def _is_empty(request: Request) -> bool:
    length = request.META.get("CONTENT_LENGTH")
    if not length and "Transfer-Encoding" in request.headers:
        if request.META.get("wsgi.input_terminated"):
            drain(request.META["wsgi.input"])
        raise LengthRequired
    return length in {None, "", "0"}
