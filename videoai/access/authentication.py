from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from videoai.access.scopes import SCOPE_PERMISSIONS, StaffSession


class StaffSessionAuthentication(SessionAuthentication):
    """The admin's session, with CSRF on writes; only staff have scopes."""

    def authenticate(self, request: Request) -> tuple[Any, StaffSession] | None:
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        user = signed_in[0]
        scopes = frozenset(
            scope
            for scope, permission in SCOPE_PERMISSIONS.items()
            if user.is_staff and user.has_perm(permission)
        )
        return user, StaffSession(scopes)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
