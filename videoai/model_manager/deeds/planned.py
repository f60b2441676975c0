"""A deed whose outcome is known for each model before it is done."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html

from models_registry.models import AIModel
from videoai.model_manager.deeds.chosen import Chosen
from videoai.model_manager.deeds.log import log_changes
from videoai.model_manager.deeds.naming import counted, linked
from videoai.model_manager.deeds.page import DeedPage
from videoai.model_manager.deeds.plan import Plan

OTHERWISE = "Something else would happen by now than was shown. Look again at what will happen now."


class PlannedDeed(DeedPage):
    """Does what its page showed, or nothing: what would be refused is shown as that, and left out."""

    template = "admin/model_manager/deed.html"
    verb: ClassVar[str]  # as in `Retire 2 models`
    done: ClassVar[str]  # as in `2 models will be retired`
    meaning: ClassVar[str]  # what this is good for, in a sentence or two

    def plan(self, chosen: Chosen) -> Plan:
        raise NotImplementedError

    def carry_out(self, models: Sequence[AIModel]) -> None:
        """Do it to `models`, in their order."""
        raise NotImplementedError

    def before(self, request: HttpRequest, form: forms.Form) -> Sequence[str]:
        """What has to happen first, and what to tell of it."""
        return []

    def preview(self, chosen: Chosen, form: forms.Form) -> dict[str, Any]:
        plan = self.plan(chosen)
        return {
            "plan": plan,
            "carried": {"plan": plan.digest},
            "summary": self._summary(plan),
            "meaning": self.meaning,
            "done": self.done,
            "confirm": self.confirm(plan),
            "nothing_to_do": not plan.changing,
        }

    def confirm(self, plan: Plan) -> str:
        """What stands on the button."""
        return f"{self.verb} {counted(len(plan.changing))}"

    def _summary(self, plan: Plan) -> str:
        changing, refused, staying = len(plan.changing), len(plan.refused), len(plan.staying)
        first = f"{counted(changing)} will be {self.done}" if changing else "Nothing would change"
        others = [
            *([f"{refused:,} can’t be"] if refused else []),
            *([f"{staying:,} {'stays as it is' if staying == 1 else 'stay as they are'}"] if staying else []),
        ]
        return f"{'; '.join([first, *others])}."

    def do(self, request: HttpRequest, chosen: Chosen, form: forms.Form) -> Sequence[str]:
        plan = self.plan(chosen)
        if request.POST.get("plan") != plan.digest or not plan.changing:
            raise ValidationError(OTHERWISE)
        told = list(self.before(request, form))
        self.carry_out([step.model for step in plan.changing])
        done = {step.model: f"{self.done.capitalize()}." for step in plan.changing}
        log_changes(request, done | {step.model: step.consequence for step in plan.following})
        names = linked([step.model for step in plan.changing])
        return [*told, format_html("{}: {}.", self.done.capitalize(), names)]
