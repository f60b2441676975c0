from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from videoai.access.scopes import StaffSession


class StaffSessionAuthentication(SessionAuthentication):
    """The admin's session, with CSRF on writes."""

    def authenticate(self, request: Request) -> tuple[Any, StaffSession] | None:
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        return signed_in[0], StaffSession(signed_in[0])

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
