"""The page of margins, below the list of models."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from models_registry.admin.ai_model import AIModelAdmin
from models_registry.models import AIModel
from models_registry.values import decimal_text
from pricing.errors import CatalogueBusy, Unpriced
from pricing.margins.file import csv, file_name
from pricing.margins.margin import Margin
from pricing.margins.watch import margin_report
from videoai.model_manager.margins.asking import CSV, MarginsForm
from videoai.model_manager.margins.table import columns, table_rows

NAME = "models_registry_aimodel_margins"
ROWS_A_PAGE = 100
READING = ("GET", "HEAD")


class MarginsPage(AIModelAdmin):
    """Who may see models may see what is left of their prices."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.margins_view)
        return [path("margins/", view, name=NAME), *super().get_urls()]

    def margins_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method not in READING:
            return HttpResponseNotAllowed(READING)
        providers = AIModel.objects.sold().order_by("provider").values_list("provider", flat=True).distinct()
        form = MarginsForm(request.GET, providers=list(providers))
        problem, margins = self._report(form)
        if form.is_valid() and not problem and form.cleaned_data["format"] == CSV:
            return _file(margins)
        return self._margins_page(request, form, margins, problem=problem)

    def _report(self, form: MarginsForm) -> tuple[str, list[Margin]]:
        """Why there is none, or the rows."""
        models = AIModel.objects.sold().filter(**form.narrowed)
        try:
            return "", margin_report(
                models, now=timezone.now(), under_target=form.wants_short, ordering=form.order
            )
        except (Unpriced, CatalogueBusy) as refusal:
            return refusal.message, []

    def _margins_page(
        self, request: HttpRequest, form: MarginsForm, margins: list[Margin], *, problem: str
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        paginator = Paginator(margins, ROWS_A_PAGE)
        page = paginator.get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "subtitle": None,
            "title": "Margins",
            "form": form,
            "problem": problem,
            "columns": list(columns(request.GET, order=form.order)),
            "rows": table_rows(page),
            "page": page,
            "page_range": paginator.get_elided_page_range(page.number),
            "number": len(margins),
            "losses": sum(margin.is_loss for margin in margins),
            "short": sum(margin.is_under_target for margin in margins),
            "target": next((target_text(margin) for margin in margins), ""),
        }
        status = 200 if form.is_valid() else 400
        return TemplateResponse(request, "admin/model_manager/margins.html", context, status=status)


def target_text(margin: Margin) -> str:
    return "" if margin.target_margin is None else f"{decimal_text(margin.target_margin)} %"


def _file(margins: list[Margin]) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{file_name(now=timezone.now())}"'}
    return HttpResponse(csv(margins), "text/csv; charset=utf-8", headers=headers)
