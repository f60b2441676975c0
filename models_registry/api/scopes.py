"""What a view asks of its caller, as plain data; `videoai.access` compares it with what the caller has."""

from rest_framework.request import Request

PUBLIC: frozenset[str] = frozenset()
CATALOGUE_RIGHTS = frozenset({"catalog:read"})


def has_catalogue_rights(request: Request) -> bool:
    return getattr(request.auth, "scopes", frozenset()) >= CATALOGUE_RIGHTS
