from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from models_registry.admin.fields import PriceField
from models_registry.admin.forms import CatalogueForm
from models_registry.admin.history import HistoricAdmin
from models_registry.audit.models import AuditEntry, AuditEntryQuerySet, State
from models_registry.models import AIModel
from models_registry.values import decimal_text
from pricing import services
from pricing.models import PricingPolicy, Rate


@admin.register(PricingPolicy)
class PricingPolicyAdmin(HistoricAdmin):
    """One row: its list leads straight to its form."""

    fields = ("profit_margin", "credits_per_dollar", "max_credits_per_generation")
    as_text = {"profit_margin": "margin", "credits_per_dollar": "dollar"}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not PricingPolicy.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: without a policy nothing can be quoted."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        policy = PricingPolicy.objects.first()
        if policy is not None and self.has_view_or_change_permission(request):
            return redirect("admin:pricing_pricingpolicy_change", policy.pk)
        return super().changelist_view(request, extra_context)

    @admin.display(description="profit margin")
    def margin(self, policy: PricingPolicy) -> str:
        return decimal_text(policy.profit_margin)

    @admin.display(description="credits per dollar")
    def dollar(self, policy: PricingPolicy) -> str:
        return decimal_text(policy.credits_per_dollar)

    def add(self, obj: PricingPolicy, form: Any) -> None:
        obj.pk = services.set_policy(form.values).pk

    def change(self, obj: PricingPolicy, form: Any) -> None:
        services.set_policy({name: form.cleaned_data[name] for name in form.changed_data})

    def restore(self, obj: PricingPolicy, values: dict[str, Any]) -> None:
        services.set_policy(values)


def named(model: AIModel) -> str:
    """Names are not unique."""
    return f"{model.name} ({model.model_id})"


class ModelChoiceField(forms.ModelChoiceField):
    def label_from_instance(self, obj: AIModel) -> str:
        return named(obj)


class RateForm(CatalogueForm):
    class Meta:
        model = Rate
        fields = ["model", "quality", "cost_per_second"]
        field_classes = {"cost_per_second": PriceField}


@admin.register(Rate)
class RateAdmin(HistoricAdmin):
    form = RateForm
    fields = ("model", "quality", "cost_per_second")
    list_display = ("model", "model_id_text", "quality", "price")
    list_select_related = ("model", "quality")
    search_fields = ("model__name", "model__model_id", "quality__key")
    ordering = ("model__name", "model__model_id", "quality__position", "quality__key")

    as_text = {"cost_per_second": "price"}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("model_named", *self.fields[1:]) if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("model_named", "quality") if obj else ()

    @admin.display(description="model")
    def model_named(self, rate: Rate) -> str:
        return named(rate.model)

    @admin.display(description="model id", ordering="model__model_id")
    def model_id_text(self, rate: Rate) -> str:
        return rate.model.model_id

    @admin.display(description="$ per second", ordering="cost_per_second")
    def price(self, rate: Rate) -> str:
        return decimal_text(rate.cost_per_second)

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "model":
            return ModelChoiceField(AIModel.objects.order_by("name", "model_id"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Without Django's buttons that open the other model's form in a window of its own."""
        if isinstance(db_field, ForeignKey):
            return self.formfield_for_foreignkey(db_field, request, **kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def add(self, obj: Rate, form: Any) -> None:
        self._set(obj, form)

    def change(self, obj: Rate, form: Any) -> None:
        if form.changed_data:  # or the price that the reader saw would undo somebody else's
            self._set(obj, form)

    def _set(self, obj: Rate, form: Any) -> None:
        cost = form.cleaned_data["cost_per_second"]
        obj.pk = services.set_rate(obj.model, quality=obj.quality_id, cost_per_second=cost).pk

    def history_of(self, obj: Rate) -> AuditEntryQuerySet:
        """Its own, not that of all the rates of its model, who share a subject."""
        return AuditEntry.objects.about(obj.audit_kind, subject=obj.audit_subject()).of_row(
            obj.audit_kind, obj.pk
        )

    def values_of(self, state: State, *, names: list[str]) -> dict[str, Any]:
        """Of a rate, a state holds the price alone."""
        [price] = names
        return {"cost_per_second": Rate._meta.get_field("cost_per_second").to_python(state[price])}

    def restore(self, obj: Rate, values: dict[str, Any]) -> None:
        services.set_rate(obj.model, quality=obj.quality_id, **values)

    def delete_model(self, request: HttpRequest, obj: Rate) -> None:
        services.remove_rate(obj)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Rate]") -> None:
        for rate in queryset:
            services.remove_rate(rate)
