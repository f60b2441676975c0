"""One form for each kind of change: whose price, the new values, and from when on."""

from typing import Any

from django import forms
from django.db import models

from models_registry.admin.fields import DecimalTextField, PriceField, ReasonField
from models_registry.models import AIModel, QualityTier
from pricing.schedule.deeds import COLUMNS, REQUIRED, TABLES, Deed, said
from pricing.schedule.models import Kind

MOMENT = "%Y-%m-%dT%H:%M"  # as browsers send it
SOUND = [("", "with or without"), ("true", "with sound"), ("false", "without sound")]
# What a page is not asked for: it is set with a rate in force.
LEFT_OUT = {"source", "source_fetched_at", "note"}


class ModelField(forms.ModelChoiceField):
    def __init__(self) -> None:
        super().__init__(AIModel.objects.order_by("name", "model_id"), empty_label="Choose a model…")

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} – {obj.model_id}"


class ChangeForm(forms.Form):
    """Made for one kind by `form_for`."""

    kind: Kind

    @property
    def deed(self) -> Deed:
        """What was typed. Raises ValidationError, keyed by field."""
        typed = self.cleaned_data
        names = [name for name in COLUMNS[self.kind] if typed.get(name) not in {None, ""}]
        return Deed(
            self.kind,
            said(self.kind, {name: typed[name] for name in names}),
            typed.get("model"),
            typed["quality"].key if typed.get("quality") else "",
            with_audio={"true": True, "false": False}.get(typed.get("with_audio", "")),
        )


def form_for(kind: Kind) -> type[ChangeForm]:
    fields: dict[str, Any] = {name: make(kind) for name, make in PLACES[kind].items()}
    fields |= {name: _field_of(kind, name) for name in COLUMNS[kind] if name not in LEFT_OUT}
    fields["effective_from"] = forms.DateTimeField(
        label="Effective from (UTC)",
        help_text="The price counts from this moment on, by the database’s clock.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=MOMENT),
    )
    fields["change_reason"] = ReasonField()
    return type("ChangeForm", (ChangeForm,), {**fields, "kind": kind})


def _field_of(kind: Kind, name: str) -> forms.Field:
    column: Any = TABLES[kind]._meta.get_field(name)
    is_needed = name in REQUIRED.get(kind, ())
    made = PriceField if name in {"cost_per_second", "amount"} else DecimalTextField
    is_decimal = isinstance(column, models.DecimalField)
    field: forms.Field = column.formfield(**{"form_class": made} if is_decimal else {})
    field.required = is_needed
    if kind == Kind.POLICY:
        # What an empty column means is not what an empty field does.
        about = str(field.help_text).partition(" Empty:")[0]
        field.help_text = f"{about} Left empty, it stays as it is.".lstrip()
    if not is_needed:
        field.initial = None
    return field


def _tier(kind: Kind) -> forms.Field:
    is_needed = kind == Kind.MULTIPLIER
    return forms.ModelChoiceField(
        QualityTier.objects.all(),
        to_field_name="key",
        required=is_needed,
        empty_label="Choose a quality…" if is_needed else "any quality",
    )


def _sound(_: Kind) -> forms.Field:
    return forms.ChoiceField(label="With sound", choices=SOUND, required=False)


def _model(_: Kind) -> forms.Field:
    return ModelField()


OF_RATE = {"model": _model, "quality": _tier, "with_audio": _sound}
PLACES: dict[Kind, dict[str, Any]] = {
    Kind.PRICE: {"model": _model},
    Kind.RATE: OF_RATE,
    Kind.RATE_REMOVED: OF_RATE,
    Kind.POLICY: {},
    Kind.MULTIPLIER: {"quality": _tier},
}
