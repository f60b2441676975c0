"""What a caller may do. Tokens carry scopes; staff have those that their Django permissions stand for."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from videoai.access.two_factor import is_trusted

if TYPE_CHECKING:
    from videoai.access.models import ServiceToken

# What a token can be given, and what each lets it do.
TOKEN_SCOPES = {
    "catalog:read": "see drafts, retired models, histories and the policy",
    "catalog:write": "create and change models, and see all that catalog:read shows",
    "usage:write": "record generations",
    "usage:read": "see recorded usage",
    "metrics:read": "see the metrics of the server",
}
# To create is a scope of its own, because Django tells adding from changing.
IMPLIED = {"catalog:write": frozenset({"catalog:read", "catalog:add"})}

# Any one of the permissions will do; in Django, too, who may change a row may see it.
SEEING = ("models_registry.view_aimodel", "models_registry.change_aimodel")
SCOPE_PERMISSIONS = {
    "catalog:read": SEEING,
    "catalog:write": ("models_registry.change_aimodel",),
    "catalog:add": ("models_registry.add_aimodel",),
    "usage:read": SEEING,
    "usage:write": ("models_registry.change_aimodel",),
    # Numbers alone, of what goes on: who may read who did what may know how much.
    "metrics:read": ("audit.view_auditentry",),
}


def with_implied(scopes: Iterable[str]) -> frozenset[str]:
    """`scopes` and all that they let their holder do besides."""
    given = frozenset(scopes)
    return given.union(*(IMPLIED.get(scope, frozenset()) for scope in given))


class StaffSession:
    """`request.auth` of a signed-in person. Only staff have scopes, looked up when they are asked for.

    With two-factor on, a password alone gives none.
    """

    def __init__(self, user: Any) -> None:
        self.user = user

    @cached_property
    def scopes(self) -> frozenset[str]:
        if not (self.user.is_active and self.user.is_staff and is_trusted(self.user)):
            return frozenset()
        return frozenset(
            scope
            for scope, permissions in SCOPE_PERMISSIONS.items()
            if any(self.user.has_perm(permission) for permission in permissions)
        )

    def may_hand_out(self, scope: str) -> bool:
        """Nobody gives a token more than they may do themselves."""
        return with_implied([scope]) <= self.scopes


class TokenRights:
    """`request.auth` of a program that showed a good token."""

    def __init__(self, token: "ServiceToken") -> None:
        self.token = token
        self.scopes = with_implied(token.scopes)
