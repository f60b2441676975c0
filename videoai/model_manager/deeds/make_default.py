"""Moving the default flag."""

from collections.abc import Sequence

from models_registry import services
from models_registry.choices import Status
from models_registry.errors import DefaultMustBeActive
from models_registry.models import AIModel
from videoai.model_manager.deeds.chosen import Chosen
from videoai.model_manager.deeds.plan import Plan, Step, marks, marks_now
from videoai.model_manager.deeds.planned import PlannedDeed
from videoai.model_manager.fitness import Fitness


class MakeDefault(PlannedDeed):
    name = "make_default"
    description = "Make default…"
    title = "Make a model the default"
    done = "made the default"
    meaning = (
        "The default is what a generation is made with if it names no model. There is always exactly one."
    )
    takes_one = True

    def plan(self, chosen: Chosen) -> Plan:
        (model,) = chosen.models
        step = self._step(model)
        holder = AIModel.objects.default().first() if step.changes else None
        if holder is None:
            return Plan([step])
        loses = Step(
            holder,
            marks_now(holder),
            marks(holder.status, is_default=False),
            words=["It loses the flag and stays on sale."],
            consequence="No longer the default.",
        )
        return Plan([step, loses])

    def _step(self, model: AIModel) -> Step:
        now, then = marks_now(model), marks(model.status, is_default=True)
        if now == then:
            return Step(model, now, now, words=["It is the default already."])
        if model.status != Status.ACTIVE:
            return Step(model, now, now, refusal=DefaultMustBeActive(model.model_id, model.status).message)
        return Step(model, now, then, refusal=" ".join(Fitness().faults(model)))

    def confirm(self, plan: Plan) -> str:
        return "Make it the default"

    def carry_out(self, models: Sequence[AIModel]) -> None:
        (model,) = models
        services.make_default(model)
