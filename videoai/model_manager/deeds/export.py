"""The filtered list, or the ticked models, as a file."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from models_registry.audit import ledger
from models_registry.errors import CatalogueError
from models_registry.models import AIModel
from models_registry.replicable import Replicable
from models_registry.values import shown
from videoai.exchange.exporting import export
from videoai.exchange.table import USAGE, read_table
from videoai.model_manager.deeds.chosen import choose, read_chosen
from videoai.model_manager.deeds.list_action import ListAction, list_address
from videoai.model_manager.deeds.listed_view import ListedView, listed_view
from videoai.replicas.answering import from_replica

MOST = 5_000
FIRST_ROWS = 8
SHOWN = ("model_id", "name", "status", "category", "cost_per_second", "supported_durations", USAGE[0])
TICKED = "ticked models"


class Format(NamedTuple):
    content_type: str
    text: Callable[["QuerySet[AIModel]"], str]


FORMATS = {
    "csv": Format("text/csv; charset=utf-8", lambda models: read_table(models).csv),
    "json": Format("application/json", lambda models: export(models).text),
}


class ExportPage(ListAction):
    name = "export"
    description = "Export…"
    permissions = ("view",)

    def begin(self, request: HttpRequest, models: "QuerySet[AIModel]") -> HttpResponse | None:
        query = request.GET.urlencode()
        if request.POST.get("select_across") == "1":
            return redirect(f"{self.address()}?{query}")
        chosen = choose(models[: MOST + 1])
        ticked = ListedView([model.pk for model in chosen.models], [])
        return self._page(request, ticked, query=query, chosen=chosen.text)

    def view(self, request: HttpRequest) -> HttpResponse:
        self.refuse_unpermitted(request)
        if request.method not in {"GET", "HEAD", "POST"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        query, ticked = request.GET.urlencode(), request.POST.get("chosen")
        try:
            view = self._ticked(ticked) if ticked else listed_view(self.manager, request, most=MOST)
        except IncorrectLookupParameters:
            return redirect(list_address(f"{ERROR_FLAG}=1"))  # as the list says it
        if request.method != "POST":
            return self._page(request, view, query=query)
        try:
            return self._file(request, view, of=TICKED if ticked else view.words)
        except CatalogueError as error:
            self.manager.message_user(request, error.message, messages.ERROR)
            return redirect(f"{self.address()}?{query}")

    def _ticked(self, text: str) -> ListedView:
        return ListedView(read_chosen(text).keys, [])

    def _file(self, request: HttpRequest, view: ListedView, *, of: str) -> HttpResponse:
        name = request.POST.get("format", "")
        if name not in FORMATS:
            raise BadRequest(f"{shown(name)} is no format")
        if len(view.keys) > MOST:
            raise BadRequest(f"at most {MOST:,} models fit into a file")
        wanted, file = FORMATS[name], file_name(name, now=timezone.now())
        text = from_replica(
            Replicable.CATALOGUE, lambda: wanted.text(AIModel.objects.filter(pk__in=view.keys))
        )
        # Nothing leaves unrecorded.
        ledger.record_event("exported", subject=file, models=len(view.keys), of=of)
        headers = {"Content-Disposition": f'attachment; filename="{file}"'}
        return HttpResponse(text, wanted.content_type, headers=headers)

    def _page(self, request: HttpRequest, view: ListedView, *, query: str, chosen: str = "") -> HttpResponse:
        context: dict[str, Any] = {
            **self.frame(request),
            "title": "Export models",
            "address": f"{self.address()}?{query}".removesuffix("?"),
            "chosen": chosen,
            "filters": view.filters,
            "way_back": list_address(query),
            "most": MOST,
            "number": len(view.keys),
            "too_many": len(view.keys) > MOST,
            "header": [name.replace("_", " ") for name in SHOWN],
            "rows": first_rows(view.keys),
            "files": {name: file_name(name, now=timezone.now()) for name in FORMATS},
        }
        return TemplateResponse(request, "admin/model_manager/export.html", context)


def file_name(ending: str, *, now: datetime) -> str:
    """As in models_2026-11-30.csv; the day is UTC's."""
    return f"models_{now:%Y-%m-%d}.{ending}"


def first_rows(keys: Sequence[int]) -> list[list[str]]:
    """As they stand in the CSV."""
    ids = dict(AIModel.objects.filter(pk__in=keys).values_list("pk", "model_id").order_by())
    first = sorted(ids, key=lambda key: ids[key])[:FIRST_ROWS]
    return read_table(AIModel.objects.filter(pk__in=first)).cells(SHOWN) if first else []
