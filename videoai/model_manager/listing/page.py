"""The list of models."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from models_registry.admin.ai_model import AIModelAdmin
from videoai.model_manager.listing.cards import cards, usage_card
from videoai.model_manager.listing.rows import ModelRow, ModelRows
from videoai.model_manager.listing.usage_columns import UsageColumns, attach_usage


class ListPage(UsageColumns, AIModelAdmin):
    """The catalogue's list, with what became of each model's generations."""

    row_form = ModelRow
    rows = ModelRows
    list_display = (*AIModelAdmin.list_display, "generations", "average_time", "success", "lately")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        changelist = context.get("cl")
        if changelist is not None:
            now = timezone.now()
            attach_usage(changelist.result_list, now=now)
            context["cards"] = list(cards(changelist))
            context["usage_card"] = usage_card(now=now)
        return response
