"""How the OpenAPI document is made: credentials as the views declare them, problems for every operation."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from models_registry.api.openapi import NOT_BLANK
from models_registry.api.scopes import PUBLIC
from models_registry.audit.occasion import REASON_LENGTH
from videoai.access.occasions import EXAMPLE, REASON_HEADER
from videoai.access.permissions import declared_scopes
from videoai.api.problem import FIELD_CODES, MEDIA_TYPE, PROBLEMS

METHODS = {"get", "put", "post", "patch", "delete"}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "videoai.access.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        told = "A service token; `manage.py token create` and the admin make them."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "vai_…", "description": told}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "videoai.access.authentication.StaffSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class Schema(AutoSchema):
    """Says of each operation whether it needs credentials at all, from the scopes that its view declares."""

    def get_auth(self) -> list[dict[str, Any]]:
        credentials: list[dict[str, Any]] = super().get_auth()
        is_public = declared_scopes(self.view, self.method) == PUBLIC
        return [*credentials, {}] if is_public else credentials


FIELD_ERROR_SCHEMA = {
    "type": "object",
    "required": ["field", "code", "message"],
    "properties": {
        "field": {"type": "string"},
        "code": {"type": "string", "enum": sorted(FIELD_CODES)},
        "message": {"type": "string"},
    },
}
MOVE_SCHEMA = {
    "type": "object",
    "description": "Of `confirmation_required`, at most 20: credits before and after; null: not sold.",
    "required": ["model_id", "quality", "duration", "with_audio", "before", "after"],
    "properties": {
        "model_id": {"type": "string"},
        "quality": {"type": "string"},
        "duration": {"type": "integer"},
        "with_audio": {"type": ["boolean", "null"]},
        "before": {"type": ["integer", "null"]},
        "after": {"type": ["integer", "null"]},
    },
}
PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem details. Switch on `code`: the list is closed.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(PROBLEMS)},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        **{name: {"type": "array", "items": MOVE_SCHEMA} for name in ("figures", "negative_margins")},
        **{name: {"type": "integer"} for name in ("figures_count", "negative_margins_count")},
    },
}


REASON_PARAMETER = {
    "in": "header",
    "name": REASON_HEADER,
    "schema": {"type": "string", "minLength": 1, "maxLength": REASON_LENGTH, "pattern": NOT_BLANK},
    "description": f"Why; it stands in the history. Beyond ASCII, write it as `{EXAMPLE}` (RFC 8187).",
}
WITH_BODY = (400, 411, 413, 415)


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook: every operation may answer with a problem; the likely ones are listed."""
    result["components"]["schemas"] |= {"FieldError": FIELD_ERROR_SCHEMA, "Problem": PROBLEM_SCHEMA}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for method, operation in _operations(result):
        responses = operation["responses"]
        if method == "get":
            responses.setdefault("304", {"description": "Not modified: the ETag is still true"})
        for status in _likely_problems(method, operation):
            responses.setdefault(str(status), {"description": HTTPStatus(status).phrase, "content": content})
        responses["default"] = {"description": "A problem", "content": content}
    return result


def complete_writes(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook: any write may say why; where there are fields to send, a body is needed."""
    for method, operation in _operations(result):
        if method == "get":
            continue
        operation.setdefault("parameters", []).append(REASON_PARAMETER)
        body = operation.get("requestBody", {})
        if any("properties" in media["schema"] for media in body.get("content", {}).values()):
            body["required"] = True
    return result


def _likely_problems(method: str, operation: dict[str, Any]) -> Iterator[int]:
    places = {(parameter["in"], parameter["name"]) for parameter in operation.get("parameters", [])}
    if {} not in operation["security"]:
        yield from (401, 403)
    if any(place == "path" for place, _ in places):
        yield 404
    if method != "get":
        yield 409
    if ("header", "If-Match") in places:
        yield 412
    if "requestBody" in operation:
        yield from WITH_BODY
    elif places:
        yield 400


def _operations(result: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation, with its method."""
    for path in result["paths"].values():
        yield from ((method, operation) for method, operation in path.items() if method in METHODS)
