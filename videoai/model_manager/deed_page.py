"""A page that shows what will happen to the chosen models and, once that is confirmed, does it."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from models_registry.admin.forms import REFUSALS, Refusal
from models_registry.admin.writes import note_refusal, reason_form
from models_registry.errors import StaleModel
from models_registry.models import AIModel
from videoai.model_manager.chosen import MOST, Chosen, choose, read_chosen

LIST = "admin:models_registry_aimodel_changelist"
STALE = "Nothing was changed: {} changed in the meantime. Look again at what will happen now."
Action = Callable[[Any, HttpRequest, "QuerySet[AIModel]"], HttpResponse | None]


class DeedPage:
    """One of the things that can be done to models: all of them or, if one refuses, none.

    The list's action of the same name opens the page; the page's own address takes the confirmation. A
    subclass says what will happen (`preview`) and does it (`do`), within the line of the catalogue's writers.
    """

    name: ClassVar[str]
    description: ClassVar[str]  # as the list's menu has it
    title: ClassVar[str]
    template: ClassVar[str]
    form_class: ClassVar[type[forms.Form]] = forms.Form  # what else it has to be told
    permission: ClassVar[str] = "change"

    def __init__(self, manager: Any) -> None:
        self.manager = manager

    def form(self, data: QueryDict | None, chosen: Chosen) -> forms.Form:
        return self.form_class(data)

    def preview(self, chosen: Chosen, form: forms.Form) -> dict[str, Any]:
        """What the template shows; `form` may be unbound, or hold mistakes."""
        raise NotImplementedError

    def do(self, request: HttpRequest, chosen: Chosen, form: forms.Form) -> Sequence[str]:
        """Do it, and tell what was done. Raises CatalogueError or ValidationError: then nothing is."""
        raise NotImplementedError

    # --- How it is asked ---------------------------------------------------------------------------------

    @classmethod
    def url_name(cls) -> str:
        return f"models_registry_aimodel_{cls.name}"

    @property
    def url(self) -> URLPattern:
        view = self.manager.admin_site.admin_view(self.view)
        url: URLPattern = path(f"do/{self.name.replace('_', '-')}/", view, name=self.url_name())
        return url

    def begin(self, request: HttpRequest, models: "QuerySet[AIModel]") -> HttpResponse | None:
        """The page about `models` of the list that `request` asks for."""
        chosen = choose(models[: MOST + 1])
        if len(chosen.models) > MOST:
            told = f"Nothing was changed. At most {MOST:,} models can be changed at once; narrow the list."
            self.manager.message_user(request, told, messages.ERROR)
            return None
        return self._page(request, chosen, self.form(None, chosen), back=request.GET.urlencode())

    def view(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"]) if request.method != "GET" else redirect(LIST)
        if not getattr(self.manager, f"has_{self.permission}_permission")(request):
            raise PermissionDenied
        answer: HttpResponse = self.manager.in_line(request, self._answer)
        return answer

    def _answer(self, request: HttpRequest) -> HttpResponse:
        chosen = read_chosen(request.POST.get("chosen", ""))
        if not chosen.models:
            raise BadRequest("None of these models is there")
        form = self.form(request.POST, chosen)
        problems = self._try(request, chosen, form) if "confirmed" in request.POST else []
        if problems is None:
            return redirect(f"{reverse(LIST)}?{_back(request)}".removesuffix("?"))
        return self._page(request, chosen, form, back=_back(request), problems=problems)

    def _try(self, request: HttpRequest, chosen: Chosen, form: forms.Form) -> list[str] | None:
        """Why it was not done; None: it was. An empty list leaves it to the form to say."""
        if not all([reason_form(request).is_valid(), form.is_valid()]):
            return []
        if chosen.stale:
            note_refusal(request, StaleModel)
            return [STALE.format(", ".join(model.model_id for model in chosen.stale))]
        try:
            with transaction.atomic():
                told = self.do(request, chosen, form)
        except REFUSALS as refusal:
            note_refusal(request, refusal)
            return [f"Nothing was changed. {_said(refusal)}"]
        for sentence in told:
            self.manager.message_user(request, sentence, messages.SUCCESS)
        return None

    def _page(
        self,
        request: HttpRequest,
        chosen: Chosen,
        form: forms.Form,
        *,
        back: str,
        problems: Sequence[str] = (),
    ) -> HttpResponse:
        request.current_app = self.manager.admin_site.name
        context = {
            **self.manager.admin_site.each_context(request),
            "opts": self.manager.opts,
            "title": self.title,
            "subtitle": None,
            "address": reverse(f"admin:{self.url_name()}"),
            "chosen": chosen,
            "form": form,
            "problems": problems,
            "back": back,
            "reason_form": reason_form(request),
            **self.preview(chosen, form),
        }
        return TemplateResponse(request, self.template, context)


def action(deed: type[DeedPage]) -> Action:
    """What the list's menu runs."""

    @admin.action(description=deed.description, permissions=[deed.permission])
    def begin(manager: Any, request: HttpRequest, models: "QuerySet[AIModel]") -> HttpResponse | None:
        return deed(manager).begin(request, models)

    begin.__name__ = deed.name
    return begin


def _back(request: HttpRequest) -> str:
    """The querystring of the list, written anew: it is nobody's way to another address."""
    return QueryDict(request.POST.get("back", "")).urlencode()


def _said(refusal: Refusal) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
