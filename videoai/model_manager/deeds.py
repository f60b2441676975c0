"""What can be done to the models that are ticked in the list."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest

from models_registry import services
from models_registry.choices import Status
from models_registry.models import AIModel
from videoai.model_manager.chosen import Chosen
from videoai.model_manager.deed_page import DeedPage


class Step(NamedTuple):
    """What will become of one model."""

    model: AIModel
    sentence: str
    changes: bool = True


class Retire(DeedPage):
    name = "retire"
    description = "Retire…"
    title = "Retire models"
    template = "admin/model_manager/deed.html"

    def preview(self, chosen: Chosen, form: forms.Form) -> dict[str, Any]:
        return {"steps": list(self._steps(chosen)), "confirm": "Retire"}

    def _steps(self, chosen: Chosen) -> Iterator[Step]:
        for model in chosen.models:
            if model.status == Status.RETIRED:
                yield Step(model, "It is retired already.", changes=False)
            else:
                yield Step(model, f"It is {model.status} and will be retired.")

    def do(self, request: HttpRequest, chosen: Chosen, form: forms.Form) -> Sequence[str]:
        done = [model for model in chosen.models if model.status != Status.RETIRED]
        for model in done:
            services.retire(model)
            self.manager.log_change(request, model, "Retired.")
        return [f"Retired: {', '.join(model.model_id for model in done)}."] if done else []
