"""The part of a model's form that is about money."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path

from models_registry.admin.ai_model import AIModelAdmin
from models_registry.models import AIModel
from pricing.errors import CatalogueBusy
from pricing.models import Rate
from pricing.schedule.admin.coming import coming
from pricing.schedule.admin.pages import may_schedule
from pricing.schedule.models import Kind, ScheduledChange
from videoai.model_manager.prices.rates import RateRights

OF_MODEL = (Kind.PRICE, Kind.RATE, Kind.RATE_REMOVED)
PREVIEW = "_preview"  # the name of the button that shows prices without JavaScript
FRAGMENT = "admin/model_manager/price_table.html"


class PricingTab(AIModelAdmin):
    """Rates in place, and what customers will pay, shown before anything is saved."""

    def get_urls(self) -> list[Any]:
        view, name = (
            self.admin_site.admin_view(self.price_preview_view),
            "models_registry_aimodel_price_preview",
        )
        return [
            path("price-preview/", view, name=f"{name}_new"),
            path("<int:key>/price-preview/", view, name=name),
            *super().get_urls(),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.rate_rights = self.rate_rights(request, obj)
        form.looks_only = PREVIEW in request.POST
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With what else is paid for the model, and what is scheduled."""
        obj = kwargs["obj"]
        rates = self.admin_site.get_model_admin(Rate)
        context["sees_rates"] = rates.has_view_or_change_permission(request)
        context["adds_rates"] = obj is not None and rates.has_add_permission(request)
        if obj is not None and obj.pk is not None:
            pending = ScheduledChange.objects.pending().of_model(obj.pk)
            context["scheduled"] = coming(pending, request)
            context["schedulable"] = [kind for kind in OF_MODEL if may_schedule(request, kind)]
        return super().render_change_form(request, context, *args, **kwargs)

    def rate_rights(self, request: HttpRequest, obj: AIModel | None) -> RateRights:
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        user: Any = request.user
        return RateRights(*(may_write and user.has_perm(f"pricing.{do}_rate") for do in RateRights._fields))

    def price_preview_view(self, request: HttpRequest, key: int | None = None) -> HttpResponse:
        """The prices of what the form holds that was sent; it is checked as before saving, and not saved."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (
            self.has_add_permission(request) if key is None else self.has_view_or_change_permission(request)
        ):
            raise PermissionDenied
        obj = None if key is None else self._found(request, str(key))
        try:
            form = self.get_form(request, obj, change=obj is not None)(request.POST, instance=obj)
        except CatalogueBusy as busy:
            return HttpResponse(busy.message, status=503, content_type="text/plain; charset=utf-8")
        form.looks_only = True
        # Prices are shown beside those that stand by now; whether the form may still be saved, saving says.
        form.fields.pop("version_number", None)
        form.full_clean()
        return TemplateResponse(request, FRAGMENT, {"table": form.price_table, "takings": form.takings})
