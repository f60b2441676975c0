from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, ForeignKey, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from models_registry.admin.fields import PriceField
from models_registry.admin.forms import ANSWER, CatalogueForm
from models_registry.admin.history import HistoricAdmin
from models_registry.admin.writes import confirming
from models_registry.audit.models import AuditEntry, AuditEntryQuerySet, State
from models_registry.models import AIModel
from models_registry.values import decimal_text, same
from pricing import services
from pricing.models import Layer, PricingPolicy, Rate
from pricing.models.rate import SAID, TAKEN

PLACE = ("quality", "with_audio")


class PricingPolicyAdmin(HistoricAdmin):
    """One row: its list leads straight to its form. Elsewhere it gets a view of what prices become."""

    fields = (
        "profit_margin",
        "credits_per_dollar",
        "target_margin",
        "max_credits_per_generation",
        "max_duration_per_generation",
        "max_cost_per_second",
    )
    as_text = {
        "profit_margin": "margin",
        "credits_per_dollar": "dollar",
        "target_margin": "target",
        "max_cost_per_second": "dearest",
    }

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

    @admin.display(description="target margin")
    def target(self, policy: PricingPolicy) -> str:
        return "–" if policy.target_margin is None else f"{decimal_text(policy.target_margin)} %"

    @admin.display(description="max $ per second")
    def dearest(self, policy: PricingPolicy) -> str:
        return "–" if policy.max_cost_per_second is None else decimal_text(policy.max_cost_per_second)

    def add(self, obj: PricingPolicy, form: Any) -> None:
        obj.pk = services.set_policy(form.values, confirmed=form.confirmed).pk

    def change(self, obj: PricingPolicy, form: Any) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        services.set_policy(changes, confirmed=form.confirmed)

    def restore(self, obj: PricingPolicy, values: dict[str, Any], *, confirmed: bool) -> None:
        services.set_policy(values, confirmed=confirmed)


def named(model: AIModel) -> str:
    """Names are not unique."""
    return f"{model.name} ({model.model_id})"


class ModelChoiceField(forms.ModelChoiceField):
    def label_from_instance(self, obj: AIModel) -> str:
        return named(obj)


class SoundSelect(forms.NullBooleanSelect):
    """In words for what None means here."""

    def __init__(self) -> None:
        super().__init__()
        self.choices = [("unknown", "with or without"), ("true", "with sound"), ("false", "without sound")]


class RateForm(CatalogueForm):
    class Meta:
        model = Rate
        fields = ["model", *PLACE, *SAID]
        field_classes = {"amount": PriceField}
        labels = {"with_audio": "Sound"}

    def clean(self) -> dict[str, Any]:
        """The columns that are unique together are not all of the form."""
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.pk is None and not {"model", *PLACE} - typed.keys():
            quality = typed["quality"].key if typed["quality"] else None
            place = {"quality": quality, "with_audio": typed["with_audio"]}
            if Rate.objects.at(typed["model"].pk, Layer.OVERRIDE, **place).exists():
                raise ValidationError(TAKEN, "unique")
        return typed


@admin.register(Rate)
class RateAdmin(HistoricAdmin):
    form = RateForm
    fields = ("model", *PLACE, *SAID)
    list_display = ("model", "model_id_text", "place_text", "price", "layer")
    list_filter = ("layer", "unit")
    filter_lookups = ("layer__exact", "unit__exact")
    list_select_related = ("model", "quality")
    search_fields = ("model__name", "model__model_id", "quality__key")
    ordering = ("model__name", "model__model_id", "layer", "quality__position", "quality__key", "pk")

    as_text = {"amount": "price", "minimum_charge": "minimum"}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("model_named", "place_text", "layer", *SAID) if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("model_named", "place_text", "layer") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a price list says is not changed here, but covered by a rate of one's own."""
        return super().has_change_permission(request, obj) and not is_listed(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_listed(obj)

    @admin.display(description="model")
    def model_named(self, rate: Rate) -> str:
        return named(rate.model)

    @admin.display(description="model id", ordering="model__model_id")
    def model_id_text(self, rate: Rate) -> str:
        return rate.model.model_id

    @admin.display(description="for", ordering="quality__position")
    def place_text(self, rate: Rate) -> str:
        return rate.place

    @admin.display(description="$", ordering="amount")
    def price(self, rate: Rate) -> str:
        return rate.words

    @admin.display(description="minimum $", ordering="minimum_charge")
    def minimum(self, rate: Rate) -> str:
        return decimal_text(rate.minimum_charge)

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "model":
            return ModelChoiceField(AIModel.objects.order_by("name", "model_id"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs, empty_label="any quality")

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Without Django's buttons that open the other model's form in a window of its own."""
        if isinstance(db_field, ForeignKey):
            return self.formfield_for_foreignkey(db_field, request, **kwargs)
        if isinstance(db_field, DateTimeField):
            moment = forms.DateTimeInput(
                attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"
            )
            return db_field.formfield(widget=moment)
        if db_field.name == "with_audio":
            kwargs["widget"] = SoundSelect()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def add(self, obj: Rate, form: Any) -> None:
        self._set(obj, form)

    def change(self, obj: Rate, form: Any) -> None:
        if form.changed_data:  # or the price that the reader saw would undo somebody else's
            self._set(obj, form)

    def _set(self, obj: Rate, form: Any) -> None:
        said = {name: form.cleaned_data[name] for name in SAID}
        obj.pk = services.put_rate(obj.model, {**place_of(obj), **said}, confirmed=form.confirmed).pk

    def history_of(self, obj: Rate) -> AuditEntryQuerySet:
        """Its own, not that of all the rates of its model, who share a subject."""
        return AuditEntry.objects.about(obj.audit_kind, subject=obj.audit_subject()).of_row(
            obj.audit_kind, obj.pk
        )

    def _differing(self, now: State, then: State) -> list[str]:
        """A state of a rate leaves out what is as usual."""
        return [name for name in {**then, **now} if not same(now.get(name), then.get(name))]

    def values_of(self, state: State, *, names: list[str]) -> dict[str, Any]:
        return Rate.said_in(state)

    def restore(self, obj: Rate, values: dict[str, Any], *, confirmed: bool) -> None:
        services.put_rate(obj.model, {**place_of(obj), **values}, confirmed=confirmed)

    def delete_model(self, request: HttpRequest, obj: Rate) -> None:
        answer, key = request.POST.get(ANSWER, ""), obj.pk

        def remove(confirmed: bool) -> None:
            obj.pk = key  # a row that was deleted has none, even if that was undone
            services.remove_rate(obj, confirmed=confirmed)

        confirming(answer, remove)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Rate]") -> None:
        for rate in queryset:
            services.remove_rate(rate)


def place_of(rate: Rate) -> dict[str, Any]:
    return {"quality_id": rate.quality_id, "with_audio": rate.with_audio}


def is_listed(rate: Rate | None) -> bool:
    return rate is not None and rate.layer == Layer.UPSTREAM
