"""The OpenAPI document, the page that shows it, and the problems that every operation can answer with."""

from collections.abc import Iterator
from typing import Any, ClassVar

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from models_registry.api.scopes import PUBLIC
from videoai.api.problem import FIELD_CODES, MEDIA_TYPE, PROBLEMS

METHODS = {"get", "put", "post", "patch", "delete"}


class SchemaView(SpectacularJSONAPIView):
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}


class DocsView(SpectacularSwaggerSplitView):
    """Split: the script is a file of its own, as a strict content security policy wants it."""

    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}


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
