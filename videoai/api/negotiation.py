from collections.abc import Iterable
from typing import Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class RightsFirst(DefaultContentNegotiation):
    """Asks what a client accepts only after its rights: 401 and 403 come before 406.

    DRF negotiates before it authenticates, so what can't be pleased is remembered here, and refused by
    `refuse_unacceptable` once the caller is let in.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        offered = list(renderers)
        try:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(request, offered, format_suffix)
        except NotAcceptable:
            request._request.acceptable_type = offered[0].media_type  # type: ignore[attr-defined]
            return offered[0], str(offered[0].media_type)
        return chosen


def refuse_unacceptable(request: Request) -> None:
    """Raises NotAcceptable if the client accepts nothing that the view serves."""
    http: Any = request._request
    if offered := getattr(http, "acceptable_type", None):
        raise NotAcceptable(f"Ask for {offered}.")
