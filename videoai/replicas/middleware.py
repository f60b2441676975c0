"""Lets a replica answer the reads of views that declare it (`models_registry.replicable`)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

from videoai.replicas.answering import on_replica

READING = {"GET", "HEAD"}


class ReplicaMiddleware:
    """Stands last: what was set to change is carried out before.

    What no replica can answer is left to Django, which asks the view as if there were none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        what = getattr(getattr(view, "cls", view), "replicable", None)
        if what is None or request.method not in READING:
            return None
        return on_replica(what, partial(_rendered, view, request, args, kwargs))


def _rendered(
    view: Callable[..., HttpResponse], request: HttpRequest, args: Any, kwargs: Any
) -> HttpResponse:
    """Whole: templates read, too."""
    response = view(request, *args, **kwargs)
    return response.render() if isinstance(response, SimpleTemplateResponse) else response
