"""Pages whose writes are one transaction, done again should it break, with the request as it came."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from models_registry.transactions import whole

View = Callable[..., HttpResponse]


def whole_page(request: HttpRequest, view: View, *args: Any, **kwargs: Any) -> HttpResponse:
    """What `view` answers; what it writes is one transaction, if anything was sent."""
    if request.method != "POST":
        return view(request, *args, **kwargs)
    restore = as_it_came(request)

    @whole
    def answer() -> HttpResponse:
        restore()
        return view(request, *args, **kwargs)

    return answer()


def as_it_came(request: HttpRequest) -> Callable[[], None]:
    """What puts `request` back into its present state: a rollback undoes nothing of what views did to it.

    That is: what they left on it, what they sent in place of the form, messages, the session, and the user.
    """
    kept = {name: value for name, value in vars(request).items() if _is_left_by_views(name)}
    bags = [bag for bag in _bags(request) if bag is not None]
    inner = [({**vars(bag)}, [*getattr(bag, "_queued_messages", ())]) for bag in bags]
    session: Any = getattr(request, "session", None)
    in_session = dict(getattr(session, "_session_cache", {}))

    def restore() -> None:
        for name in vars(request).keys() - kept.keys():
            if not name.startswith("_"):
                del vars(request)[name]
        vars(request).update(kept)
        for bag, (attributes, queued) in zip(bags, inner, strict=True):
            vars(bag).clear()
            vars(bag).update(attributes)
            if hasattr(bag, "_queued_messages"):
                bag._queued_messages[:] = queued
        if hasattr(session, "_session_cache"):
            session._session_cache = dict(in_session)

    return restore


def _is_left_by_views(name: str) -> bool:
    """Not what Django itself keeps of a body that can be read once; but the form, which views replace."""
    return name == "_post" or not name.startswith("_")


def _bags(request: HttpRequest) -> list[Any]:
    return [getattr(request, name, None) for name in ("session", "_messages", "_cached_user")]


class WholePages(admin.ModelAdmin):
    """For tables that Django's own pages write."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return whole_page(request, super().changelist_view, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return whole_page(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return whole_page(request, super().delete_view, object_id, extra_context)
