"""Reading request bodies: JSON in UTF-8, at most 1 MiB, and strict."""

import codecs
import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import UnreadablePostError
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ErrorDetail, ParseError, UnsupportedMediaType, ValidationError
from rest_framework.parsers import BaseParser

from models_registry.api.bodies import drain
from models_registry.strict_json import Fault, read_document


class StrictJSONParser(BaseParser):
    """Whole numbers become `int`, all others `Decimal`; the outermost value has to be an object."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Raises UnsupportedMediaType, RequestDataTooBig, ParseError, or ValidationError keyed by field."""
        _refuse_other_types(media_type or "")
        context = parser_context or {}
        content = _content(context["request"], stream)
        return object_in(content, judged_apart=getattr(context.get("view"), "judged_apart", None))


def object_in(body: bytes, *, judged_apart: str | None = None) -> dict[str, Any]:
    """The object in `body`. In the list `judged_apart`, what is unreadable is left for its view to tell.

    Raises ParseError, or ValidationError keyed by field.
    """
    try:
        content, faults = read_document(_text(body))
    except json.JSONDecodeError as error:
        raise ParseError(f"line {error.lineno}, column {error.colno}: {error.msg}.") from error
    if not isinstance(content, dict):
        raise ParseError("The body has to be a JSON object, as in {}.")
    faults = [fault for fault in faults if judged_apart is None or not _is_inside(fault, judged_apart)]
    if faults:
        raise ValidationError(_by_field(faults))
    return content


def _is_inside(fault: Fault, field: str) -> bool:
    return len(fault.path) > 1 and fault.path[0] == field and isinstance(fault.path[1], int)


def _by_field(faults: Sequence[Fault]) -> dict[str, list[ErrorDetail]]:
    errors: dict[str, list[ErrorDetail]] = {}
    for fault in faults:
        detail = ErrorDetail(fault.told(known_steps=1), fault.code)
        errors.setdefault(str(fault.path[0]), []).append(detail)
    return errors


def _refuse_other_types(sent: str) -> None:
    """`*/*` is for asking, not for telling; and any charset but UTF-8 contradicts JSON itself."""
    media_type, parameters = parse_header_parameters(sent)
    if media_type != StrictJSONParser.media_type or not _is_utf_8(parameters.get("charset", "utf-8")):
        raise UnsupportedMediaType(sent)


def _is_utf_8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except LookupError:
        return False


def _content(request: Any, stream: IO[bytes]) -> bytes:
    """The body; the request keeps it, should it have to be answered anew."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            drain(stream)
            raise RequestDataTooBig
        body: bytes = request.body
        return body
    except UnreadablePostError as error:
        raise ParseError("The body broke off before its end.") from error


def _text(content: bytes) -> str:
    if content.startswith(codecs.BOM_UTF8):
        raise ParseError("byte 0: the body begins with a byte order mark; leave it out.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ParseError(f"byte {error.start}: the body is not UTF-8.") from error
