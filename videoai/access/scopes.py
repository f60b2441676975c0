"""What a caller may do. Staff sessions have the scopes that their Django permissions stand for."""

from functools import cached_property
from typing import Any

# Any one of the permissions will do; in Django, too, who may change a row may see it.
SCOPE_PERMISSIONS = {
    "catalog:read": ("models_registry.view_aimodel", "models_registry.change_aimodel"),
    "catalog:write": ("models_registry.change_aimodel",),
}


class StaffSession:
    """`request.auth` of a signed-in person. Only staff have scopes, looked up when they are asked for."""

    def __init__(self, user: Any) -> None:
        self.user = user

    @cached_property
    def scopes(self) -> frozenset[str]:
        if not self.user.is_staff:
            return frozenset()
        return frozenset(
            scope
            for scope, permissions in SCOPE_PERMISSIONS.items()
            if any(self.user.has_perm(permission) for permission in permissions)
        )
