"""The usage page, of all models or of one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from models_registry.admin.guards import PRIMARY_KEY, LookedAtAdmin
from models_registry.models import AIModel, QualityTier
from models_registry.replicable import Replicable, replicable
from models_registry.usage.admin.choosing import AMONG_MODELS, CSV, Chosen, UsageForm
from models_registry.usage.admin.download import csv_text, file_name
from models_registry.usage.admin.ranges import PRESETS, fits, recent, window_text
from models_registry.usage.admin.report import report, rows_of_file
from models_registry.usage.models import UsageCounter

OVERVIEW = "usage_usagecounter_changelist"
OF_MODEL = "models_registry_aimodel_usage"
SEEING = ("models_registry.view_aimodel", "models_registry.change_aimodel")
READING = ("GET", "HEAD")
NAMED = ("model_id", "name", "provider", "category", "is_active", "is_deprecated")


class Pill(NamedTuple):
    """A range that is one click away."""

    label: str
    address: str
    is_chosen: bool


@admin.register(UsageCounter)
class UsageAdmin(LookedAtAdmin):
    """In the place of a list stands the page; nothing is added, changed or deleted here."""

    seen_with = SEEING  # who may see or change models

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.changelist_view), name=OVERVIEW)]

    @property
    def pages_of_models(self) -> list[URLPattern]:
        """To be mounted where the models are."""
        view = self.admin_site.admin_view(self.model_view)
        return [path("<path:object_id>/usage/", view, name=OF_MODEL)]

    # --- The two pages -----------------------------------------------------------------------------------

    @replicable(Replicable.FIGURES)
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        models = list(AIModel.objects.order_by("model_id").only(*NAMED))
        return self._answer(request, "admin/usage/all_models.html", models)

    @replicable(Replicable.FIGURES)
    def model_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        model = AIModel.objects.filter(pk=object_id).first() if PRIMARY_KEY.fullmatch(object_id) else None
        if model is None:
            raise Http404
        return self._answer(request, "admin/usage/one_model.html", [model], one=model)

    def _answer(
        self, request: HttpRequest, template: str, models: Sequence[AIModel], *, one: AIModel | None = None
    ) -> HttpResponse:
        if request.method not in READING:
            return HttpResponseNotAllowed(READING)
        now = timezone.now()
        form = UsageForm(request.GET, models=models, one=one, tiers=_tiers(), now=now)
        chosen = form.chosen()
        wants_file = form.data.get("format") == CSV
        if wants_file and form.is_valid():
            return _file(chosen)
        links = _Links(models, chosen)
        request.current_app = self.admin_site.name
        opts = self.opts if one is None else one._meta
        frame = {**self.admin_site.each_context(request), "opts": opts, "object": one, "subtitle": None}
        context = {
            "title": "Usage" if one is None else f"Usage of {one}",
            "form": form,
            "chosen": chosen,
            "pills": _pills(chosen, now),
            "range_text": window_text(chosen.window),
            "file_address": chosen.address(format=CSV),
            "everything": chosen.address(**dict.fromkeys([*AMONG_MODELS, "quality"])),
            "model_address": links(chosen.model.model_id) if chosen.model else "",
            "report": report(chosen, now=now, href=links),
        }
        return TemplateResponse(request, template, {**frame, **context}, status=400 if wants_file else 200)


class _Links:
    """From a model's id to its page, which shows the same range."""

    def __init__(self, models: Sequence[AIModel], chosen: Chosen) -> None:
        self.keys = {model.model_id: model.pk for model in models}
        self.query = chosen.address(**dict.fromkeys(AMONG_MODELS)).removesuffix("?")

    def __call__(self, model_id: str) -> str:
        key = self.keys.get(model_id)
        return "" if key is None else reverse(f"admin:{OF_MODEL}", args=[key]) + self.query


def _tiers() -> list[str]:
    return list(QualityTier.objects.order_by("position", "key").values_list("key", flat=True))


def _pills(chosen: Chosen, now: datetime) -> list[Pill]:
    return [_pill(name, chosen, now) for name in PRESETS]


def _pill(name: str, chosen: Chosen, now: datetime) -> Pill:
    """Periods that were asked for stay as long as they fit."""
    per = chosen.per if "per" in chosen.asked else None
    keeps = per is not None and fits(recent(name, now=now, per=per), per)
    changes = {"range": name, "from": None, "to": None, "per": str(per) if keeps else None}
    return Pill(PRESETS[name].name, chosen.address(**changes), is_chosen=chosen.preset == name)


def _file(chosen: Chosen) -> HttpResponse:
    name = file_name(chosen.window, model_id=chosen.model.model_id if chosen.model else None)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(csv_text(rows_of_file(chosen)), "text/csv; charset=utf-8", headers=headers)
