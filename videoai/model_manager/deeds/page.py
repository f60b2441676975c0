"""A page that shows what will happen to the chosen models and, once that is confirmed, does it."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from models_registry.admin.forms import REFUSALS, refusal_words
from models_registry.admin.writes import note_refusal, reason_form
from models_registry.audit import ledger
from models_registry.errors import StaleModel
from models_registry.models import AIModel
from videoai.model_manager.deeds.chosen import MOST, Chosen, choose, read_chosen
from videoai.model_manager.deeds.list_action import LIST, ListAction, list_address
from videoai.model_manager.deeds.naming import listed

STALE = "Nothing was changed: {} changed in the meantime. Look again at what will happen now."
LEFT = "Nothing was changed: some of the chosen models are there no more. Look again at what will happen now."
ALL_LEFT = "Nothing was changed: the chosen models are there no more."
MENDED_BELOW = "Nothing was changed yet; see what is said below."


class DeedPage(ListAction):
    """One of the things that can be done to models: all that its page announces or, if one refuses, nothing.

    The list's action of the same name opens the page; the page's own address takes the confirmation. A
    subclass says what will happen (`preview`) and does it (`do`), within the line of the catalogue's writers.
    """

    title: ClassVar[str]
    template: ClassVar[str]  # extends admin/model_manager/deed_page.html, which says what `preview` may give
    form_class: ClassVar[type[forms.Form]] = forms.Form  # what else it has to be told
    takes_one: ClassVar[bool] = False

    def form(self, data: QueryDict | None, chosen: Chosen) -> forms.BaseForm:
        return self.form_class(data)

    def preview(self, chosen: Chosen, form: Any) -> dict[str, Any]:
        """What the template shows; `form` may be unbound, or hold mistakes."""
        raise NotImplementedError

    def do(self, request: HttpRequest, chosen: Chosen, form: Any) -> Sequence[str]:
        """Do it, and tell what was done. Raises CatalogueError or ValidationError: then nothing is."""
        raise NotImplementedError

    def way_on(self, form: Any, back: str) -> str:
        """Where it leads once it is done: to the list, whose page of a moment ago may be empty now."""
        return list_address(back, without=("p",))

    def way_back(self, chosen: Chosen, back: str | None) -> str:
        """Where it leads if it is left; `back` is the list's querystring, None for whoever came elsewhere."""
        return list_address(back or "")

    # --- How it is asked ---------------------------------------------------------------------------------

    def begin(self, request: HttpRequest, models: "QuerySet[AIModel]") -> HttpResponse | None:
        chosen = choose(models[: MOST + 1])
        problem = self.too_many(chosen)
        if problem:
            self.manager.message_user(request, f"Nothing was changed. {problem}", messages.ERROR)
            return None
        return self.page(request, chosen, self.form(None, chosen), back=request.GET.urlencode())

    def too_many(self, chosen: Chosen) -> str:
        if self.takes_one and len(chosen.models) > 1:
            return f"“{self.description.rstrip('…')}” takes exactly one model; tick one."
        if len(chosen.models) > MOST:
            return f"At most {MOST:,} models can be changed at once; narrow the list."
        return ""

    def view(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            looks = request.method in {"GET", "HEAD"}
            return redirect(LIST) if looks else HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        self.refuse_unpermitted(request)
        if "confirmed" not in request.POST:
            return self._answer(request)  # looking keeps no writer waiting
        answer: HttpResponse = self.manager.in_line(request, self._answer)
        return answer

    def _answer(self, request: HttpRequest) -> HttpResponse:
        chosen, back = read_chosen(request.POST.get("chosen", "")), request.POST.get("back")
        if self.too_many(chosen):
            raise BadRequest(self.too_many(chosen))
        if not chosen.models:
            self.manager.message_user(request, ALL_LEFT, messages.WARNING)
            return redirect(self.way_back(chosen, back))
        form = self.form(request.POST, chosen)
        problems = self._try(request, chosen, form) if "confirmed" in request.POST else []
        if problems is None:
            return redirect(self.way_on(form, back or ""))
        return self.page(request, chosen, form, back=back, problems=problems)

    def _try(self, request: HttpRequest, chosen: Chosen, form: forms.BaseForm) -> list[str] | None:
        """Why it was not done; None: it was."""
        if chosen.gone or chosen.stale:
            note_refusal(request, StaleModel)
            return [STALE.format(listed(chosen.stale)) if chosen.stale else LEFT]
        if not all([reason_form(request).is_valid(), form.is_valid()]):
            return [MENDED_BELOW]
        try:
            with transaction.atomic(), ledger.together():
                told = self.do(request, chosen, form)
        except REFUSALS as refusal:
            note_refusal(request, refusal)
            return ["Nothing was changed.", *refusal_words(AIModel, refusal)]
        for sentence in told:
            self.manager.message_user(request, sentence, messages.SUCCESS)
        return None

    def page(
        self,
        request: HttpRequest,
        chosen: Chosen,
        form: forms.BaseForm,
        *,
        back: str | None,
        problems: Sequence[str] = (),
    ) -> HttpResponse:
        context = {
            **self.frame(request),
            "title": self.title,
            "address": self.address(),
            "chosen": chosen,
            "form": form,
            "problems": problems,
            "back": back,
            "way_back": self.way_back(chosen, back),
            "reason_form": reason_form(request),
            **self.preview(chosen, form),
        }
        return TemplateResponse(request, self.template, context)
