"""What somebody should know before a model goes off sale."""

from collections.abc import Collection
from datetime import datetime

from models_registry.models import AIModel
from models_registry.usage.recent import LATELY, use_lately

DEFAULT = "It is the default model: another model has to take over."


def cautions(models: Collection[AIModel], *, now: datetime) -> dict[int, list[str]]:
    """By primary key, why to think twice; models that nobody would miss are left out. One query."""
    uses = use_lately(models, now=now)
    found = {model.pk: [DEFAULT] if model.is_default else [] for model in models}
    for pk, use in uses.items():
        times = "once" if use.generations == 1 else f"{use.generations:,} times"
        found[pk].append(f"It was used {times} in the last {LATELY} days, the last time on {use.last}.")
    return {pk: sentences for pk, sentences in found.items() if sentences}
