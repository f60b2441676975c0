"""How the OpenAPI document is made: credentials as the views declare them, problems for every operation."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from models_registry.api.scopes import PUBLIC
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
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string", "enum": sorted(FIELD_CODES)},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook: every operation may answer with a problem, whatever the status."""
    result["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operation in _operations(result):
        operation["responses"]["default"] = {"description": "A problem", "content": content}
        if operation["responses"].get("200") and operation.get("operationId"):
            operation["responses"].setdefault("304", {"description": "Not modified: the ETag is still true"})
    return result


def _operations(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in result["paths"].values():
        yield from (operation for method, operation in path.items() if method in METHODS)
