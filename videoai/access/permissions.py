from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from models_registry.api.scopes import scopes_of
from videoai.api.negotiation import refuse_unacceptable


def declared_scopes(view: Any, method: str) -> frozenset[str] | None:
    """What `view` asks for, by action or else by method; None if it declares nothing, which closes it."""
    name = getattr(view, "action", None) or method.lower()
    declared = getattr(view, "required_scopes", {})
    return declared.get("get" if name == "head" else name)


class HasDeclaredScopes(BasePermission):
    """Lets in who has every scope that the view declares. A view that declares none is closed to all."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method == "OPTIONS" or not hasattr(view, (request.method or "").lower()):
            return True  # nothing is served by such a method: let the 405 say so
        required = declared_scopes(view, request.method or "")
        # What asks for nothing costs nothing: the scopes are not even looked up.
        if required is not None and (not required or required <= scopes_of(request)):
            refuse_unacceptable(request)
            return True
        view.check_throttles(request)  # DRF counts only whom it lets in; who is refused may not hammer either
        return False
