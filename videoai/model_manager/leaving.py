"""What somebody should know before a model goes off sale, and has to want all the same."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from django import forms

from models_registry.models import AIModel
from models_registry.usage.recent import LATELY, Use, use_lately

DEFAULT = "It is the default model: another model has to take over."


def cautions(models: Collection[AIModel], *, now: datetime) -> dict[int, list[str]]:
    """By primary key, why to think twice; models that nobody would miss are left out. One query."""
    uses = use_lately(models, now=now)
    found = {model.pk: list(reasons(model, uses.get(model.pk))) for model in models}
    return {pk: sentences for pk, sentences in found.items() if sentences}


def reasons(model: AIModel, use: Use | None) -> Iterator[str]:
    """`use` is what was made of `model` lately."""
    if model.is_default:
        yield DEFAULT
    if use is not None:
        yield used(use)


def used(use: Use) -> str:
    times = "once" if use.generations == 1 else f"{use.generations:,} times"
    return f"It was used {times} in the last {LATELY} days, the last time on {use.last} (UTC)."


class AnswerField(forms.BooleanField):
    """A question that is answered along with a change; it is no part of the row, so it never is one."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False
