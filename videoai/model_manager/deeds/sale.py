"""What takes models off sale and brings them back: activate, deactivate, retire, restore."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.html import format_html

from models_registry import services
from models_registry.choices import Status
from models_registry.errors import ModelNotRetired
from models_registry.lifecycle import has_passed
from models_registry.many import Revision, restore_all, retire_all, revise_all
from models_registry.models import AIModel
from pricing import guards
from videoai.model_manager.deeds.chosen import Chosen
from videoai.model_manager.deeds.naming import linked
from videoai.model_manager.deeds.plan import Plan, Step, marks, marks_now
from videoai.model_manager.deeds.planned import PlannedDeed
from videoai.model_manager.fitness import Fitness
from videoai.model_manager.leaving import cautions
from videoai.model_manager.takeover import TakeoverForm, heir_of, needs_takeover, successors

LAST_ONE = "It is the default model, and no other active model is there to take over."
SUNSET_GOES = "Its sunset has passed and is taken off."
BECOMES_DEFAULT = "It becomes the default: no model is the default now."


class LeavingDeed(PlannedDeed):
    """Takes models off sale. If the default is among them, another model takes over first."""

    def becomes(self, model: AIModel) -> Status:
        raise NotImplementedError

    def form(self, data: QueryDict | None, chosen: Chosen) -> forms.Form:
        if needs_takeover(chosen.models):
            heir = heir_of(chosen.models)
            return TakeoverForm(data, successors=successors(chosen.models), heir=heir)
        return forms.Form(data)

    def plan(self, chosen: Chosen) -> Plan:
        leaving = [model for model in chosen.models if self.becomes(model) != model.status]
        warnings = cautions(leaving, now=timezone.now())
        can_hand_over = needs_takeover(chosen.models)
        return Plan([self._step(model, warnings, can_hand_over) for model in chosen.models])

    def _step(self, model: AIModel, warnings: Mapping[int, Sequence[str]], can_hand_over: bool) -> Step:
        now, then = marks_now(model), marks(self.becomes(model), is_default=False)
        if now == then:
            return Step(model, now, now, words=[f"It is {article(model.status)} already."])
        if model.is_default and not can_hand_over:
            return Step(model, now, now, refusal=LAST_ONE)
        return Step(model, now, then, words=warnings.get(model.pk, ()))

    def before(self, request: HttpRequest, form: forms.Form) -> Sequence[str]:
        successor: AIModel | None = form.cleaned_data.get("takeover")
        if successor is None:
            return []
        services.make_default(successor)
        self.manager.log_change(request, successor, "Made the default.")
        return [format_html("Made the default: {}.", linked([successor]))]


class Deactivate(LeavingDeed):
    name = "deactivate"
    description = "Deactivate…"
    title = "Deactivate models"
    verb, done = "Deactivate", "deactivated"
    meaning = (
        "Nobody can order from a model that is not active. An active model becomes a draft; one that was "
        "deprecated is retired by that. Prices, history and usage stay."
    )

    def becomes(self, model: AIModel) -> Status:
        return Status.of(is_active=False, is_deprecated=model.is_deprecated)

    def carry_out(self, models: Sequence[AIModel]) -> None:
        revise_all([Revision(model, {"is_active": False}) for model in models])


class Retire(LeavingDeed):
    name = "retire"
    description = "Retire…"
    title = "Retire models"
    verb, done = "Retire", "retired"
    meaning = (
        "Nobody can order from a retired model. Its id stays taken; its prices, history and usage stay, and "
        "Restore brings it back."
    )

    def becomes(self, model: AIModel) -> Status:
        return Status.RETIRED

    def carry_out(self, models: Sequence[AIModel]) -> None:
        retire_all(models)


class ArrivingDeed(PlannedDeed):
    """Puts models on sale. While there is no default, the first of them becomes it.

    Prices that would have to be confirmed are shown, and doing it confirms just those.
    """

    def obstacle(self, model: AIModel) -> str:
        """Why it can't be done to a model of this status; empty if it can."""
        raise NotImplementedError

    def plan(self, chosen: Chosen) -> Plan:
        return Plan(list(self._steps(chosen.models)))

    def _steps(self, models: Collection[AIModel]) -> Iterator[Step]:
        fitness, wants_default = Fitness(), not AIModel.objects.default().exists()
        asked = guards.questions(map(on_sale, models))
        for model in models:
            step = self._step(model, fitness, wants_default=wants_default)
            if step.changes and (question := asked.get(model.pk)):
                words = [*step.words, question.finding]
                step = replace(step, words=words, figures=tuple(question.lines))
            wants_default = wants_default and not step.changes
            yield step

    def _step(self, model: AIModel, fitness: Fitness, *, wants_default: bool) -> Step:
        now = marks_now(model)
        if model.status == Status.ACTIVE:
            return Step(model, now, now, words=["It is active already."])
        obstacle = self.obstacle(model) or " ".join(fitness.faults(model))
        if obstacle:
            return Step(model, now, now, refusal=obstacle)
        then = marks(Status.ACTIVE, is_default=wants_default)
        return Step(model, now, then, words=[*self.to_know(model), *([BECOMES_DEFAULT] * wants_default)])

    def to_know(self, model: AIModel) -> Sequence[str]:
        return []


class Activate(ArrivingDeed):
    name = "activate"
    description = "Activate…"
    title = "Activate models"
    verb, done = "Activate", "activated"
    meaning = "Everybody can order from an active model, at its prices of today."

    def obstacle(self, model: AIModel) -> str:
        if model.status == Status.RETIRED:
            return f"{model.model_id} is retired; Restore brings it back."
        is_over = not model.is_active and has_passed(model.sunset_at, now=timezone.now())
        return f"The sunset of {model.model_id} has passed; change it first." if is_over else ""

    def to_know(self, model: AIModel) -> Sequence[str]:
        return ["It is no longer deprecated then."] if model.is_deprecated else []

    def carry_out(self, models: Sequence[AIModel]) -> None:
        revise_all([Revision(model, Status.ACTIVE.flags) for model in models], confirmed=True)


class Restore(ArrivingDeed):
    name = "restore"
    description = "Restore…"
    title = "Restore models"
    verb, done = "Restore", "restored"
    meaning = "A retired model comes back as active: everybody can order from it, at its prices of today."

    def obstacle(self, model: AIModel) -> str:
        return "" if model.status == Status.RETIRED else ModelNotRetired(model.model_id, model.status).message

    def to_know(self, model: AIModel) -> Sequence[str]:
        return [SUNSET_GOES] if has_passed(model.sunset_at, now=timezone.now()) else []

    def carry_out(self, models: Sequence[AIModel]) -> None:
        restore_all(models, confirmed=True)


def on_sale(model: AIModel) -> AIModel:
    draft = copy(model)
    for name, value in Status.ACTIVE.flags.items():
        setattr(draft, name, value)
    return draft


def article(status: Status) -> str:
    return "a draft" if status == Status.DRAFT else status.value
