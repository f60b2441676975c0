"""What a caller may do. Staff sessions have the scopes that their Django permissions stand for."""

from dataclasses import dataclass

SCOPE_PERMISSIONS = {
    "catalog:read": "models_registry.view_aimodel",
    "catalog:write": "models_registry.change_aimodel",
}


@dataclass(frozen=True)
class StaffSession:
    """`request.auth` of a signed-in person."""

    scopes: frozenset[str]
