"""What a view asks of its caller, as plain data; `videoai.access` compares it with what the caller has."""

from rest_framework.request import Request

PUBLIC: frozenset[str] = frozenset()
CATALOGUE_RIGHTS = frozenset({"catalog:read"})
ADDING_MODELS = frozenset({"catalog:add"})
CHANGING_MODELS = frozenset({"catalog:write"})
RECORDING = frozenset({"usage:write"})
READING_USAGE = frozenset({"usage:read"})

# For `http_method_names`: what an `Allow` header promises has to be there, and OPTIONS is not.
READING = ["get", "head"]
WRITING = [*READING, "post", "put", "patch", "delete"]


def scopes_of(request: Request) -> frozenset[str]:
    """What the caller may do; nothing without credentials."""
    return getattr(request.auth, "scopes", frozenset())


def has_catalogue_rights(request: Request) -> bool:
    return scopes_of(request) >= CATALOGUE_RIGHTS
