"""What the list's menu leads to: a page of its own about the models that are ticked."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import URLPattern, path, reverse

from models_registry.models import AIModel

LIST = "admin:models_registry_aimodel_changelist"
FORM = "admin:models_registry_aimodel_change"
Action = Callable[[Any, HttpRequest, "QuerySet[AIModel]"], HttpResponse | None]


class ListAction:
    """An entry of the menu, and the address of its page."""

    name: ClassVar[str]
    description: ClassVar[str]  # as the list's menu has it
    permissions: ClassVar[Sequence[str]] = ("change",)  # all of them

    def __init__(self, manager: Any) -> None:
        self.manager = manager

    def begin(self, request: HttpRequest, models: "QuerySet[AIModel]") -> HttpResponse | None:
        """The page about `models` of the list that `request` asks for; None leads back to the list."""
        raise NotImplementedError

    def view(self, request: HttpRequest) -> HttpResponse:
        """The page at its own address."""
        raise NotImplementedError

    @classmethod
    def url_name(cls) -> str:
        return f"models_registry_aimodel_{cls.name}"

    @classmethod
    def address(cls) -> str:
        return reverse(f"admin:{cls.url_name()}")

    @property
    def urls(self) -> list[URLPattern]:
        view = self.manager.admin_site.admin_view(self.view)
        return [path(f"do/{self.name.replace('_', '-')}/", view, name=self.url_name())]

    def refuse_unpermitted(self, request: HttpRequest) -> None:
        if not self.is_permitted(self.manager, request):
            raise PermissionDenied

    @classmethod
    def is_permitted(cls, manager: Any, request: HttpRequest) -> bool:
        return all(getattr(manager, f"has_{name}_permission")(request) for name in cls.permissions)

    def frame(self, request: HttpRequest) -> dict[str, Any]:
        """What every page of the admin shows around its own."""
        request.current_app = self.manager.admin_site.name
        context: dict[str, Any] = self.manager.admin_site.each_context(request)
        return {**context, "opts": self.manager.opts, "subtitle": None}


def action(page: type[ListAction]) -> Action:
    """What the list's menu runs; `ModelManager.get_actions` leaves out what somebody may not do."""

    @admin.action(description=page.description)
    def begin(manager: Any, request: HttpRequest, models: "QuerySet[AIModel]") -> HttpResponse | None:
        return page(manager).begin(request, models)

    begin.__name__ = page.name
    return begin


def list_address(query: str, *, without: tuple[str, ...] = ()) -> str:
    """The list as `query` filters it, written anew: it is nobody's way to another address."""
    asked = QueryDict(query, mutable=True)
    for name in without:
        asked.pop(name, None)
    return f"{reverse(LIST)}?{asked.urlencode()}".removesuffix("?")
