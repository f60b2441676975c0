"""Which model becomes the default when the one that is leaves the shop."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.db.models import QuerySet

from models_registry import lifecycle
from models_registry.models import AIModel
from videoai.model_manager.fitness import Fitness


class TakeoverField(forms.ModelChoiceField):
    """One of the active models; an answer that goes along with a change, and never is one itself."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            AIModel.objects.none(),
            label="Which model takes over?",
            help_text="It becomes the default: what a generation is made with if it names no model.",
            empty_label="Choose a model…",
            error_messages={
                "required": "Choose the model that becomes the default.",
                "invalid_choice": "This model can't take over; choose one of the list.",
            },
            **kwargs,
        )

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} – {obj.model_id}"

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False

    def clean(self, value: Any) -> AIModel | None:
        model: AIModel | None = super().clean(value)
        faults = Fitness().faults(model) if model else []
        if model and faults:
            raise forms.ValidationError(f"{model.model_id} can't take over: {' '.join(faults)}")
        return model


class TakeoverForm(forms.Form):
    takeover = TakeoverField()

    def __init__(
        self, *args: Any, successors: "QuerySet[AIModel]", heir: AIModel | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["takeover"]
        field.queryset = successors
        field.initial = heir


def successors(leaving: Collection[AIModel]) -> "QuerySet[AIModel]":
    """Who may take over when `leaving` go."""
    gone = [model.pk for model in leaving]
    return AIModel.objects.active().exclude(pk__in=gone).order_by("name", "model_id")


def heir_of(leaving: Collection[AIModel]) -> AIModel | None:
    """Who is named as the successor of the default among `leaving`, and can take over."""
    heirs = [lifecycle.heir_of(model) for model in leaving if model.is_default]
    return next((heir for heir in heirs if heir is not None and heir not in leaving), None)


def needs_takeover(leaving: Collection[AIModel]) -> bool:
    return any(model.is_default for model in leaving) and successors(leaving).exists()
