"""Which model becomes the default when the one that is leaves the shop."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from models_registry.models import AIModel
from videoai.model_manager.deeds.chosen import Chosen
from videoai.model_manager.deeds.fitness import Fitness


class TakeoverField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} – {obj.model_id}"


class TakeoverForm(forms.Form):
    takeover = TakeoverField(
        label="Which model takes over?",
        help_text="It becomes the default: what a generation is made with if it names no model.",
        queryset=AIModel.objects.none(),
        empty_label="Choose a model…",
        error_messages={
            "required": "Choose the model that becomes the default.",
            "invalid_choice": "This model can't take over; choose one of the list.",
        },
    )

    def __init__(self, *args: Any, successors: "QuerySet[AIModel]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["takeover"]
        field.queryset = successors

    def clean_takeover(self) -> AIModel:
        model: AIModel = self.cleaned_data["takeover"]
        faults = Fitness().faults(model)
        if faults:
            raise forms.ValidationError(f"{model.model_id} can't take over: {' '.join(faults)}")
        return model


def successors(leaving: Chosen) -> "QuerySet[AIModel]":
    """Who may take over when `leaving` go."""
    return AIModel.objects.active().exclude(pk__in=leaving.keys).order_by("name", "model_id")


def needs_takeover(leaving: Chosen) -> bool:
    return any(model.is_default for model in leaving.models) and successors(leaving).exists()
