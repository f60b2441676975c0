"""The end of a model's life as it is announced: rules that need the clock and the other rows.

Services and forms ask here; what one row can say of itself is in `validation`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from models_registry.models import AIModel
from models_registry.values import moment_text, shown

FIELDS = frozenset({"sunset_at", "successor"})
MOST_NAMED = 3  # models of a circle


def without_unsaid(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` of a model, but a sunset and a successor only where there are such: most models have none."""
    return {name: value for name, value in fields.items() if value is not None or name not in FIELDS}


def heir_of(model: AIModel) -> AIModel | None:
    """Who becomes the default when `model` is retired: its successor, if that is active."""
    if model.successor is None:
        return None
    return AIModel.objects.active().exclude(pk=model.pk).with_model_id(model.successor).first()


def has_passed(sunset_at: datetime | None, *, now: datetime) -> bool:
    return sunset_at is not None and sunset_at <= now


def faults(model: AIModel, *, before: Mapping[str, Any], now: datetime) -> dict[str, list[ValidationError]]:
    """What is wrong with the sunset and the successor of `model`, by field; their types are right.

    `before` is the row's state as it was, empty for a new one. A model on sale is never given a sunset that
    has passed, nor put on sale with one; nor a successor that is not on sale, which everybody would be told
    of. Off sale that is a fact of the past, as an import may bring it.
    """
    found = {}
    stood = (before.get("is_active", False), before.get("sunset_at")) == (True, model.sunset_at)
    if model.is_active and not stood and model.sunset_at and has_passed(model.sunset_at, now=now):
        told = f"{moment_text(model.sunset_at)} has passed. Give a later sunset, or leave it out for none."
        found["sunset_at"] = [ValidationError(told, "past_dated")]
    if model.successor is not None and model.successor != before.get("successor"):
        found |= _successor_faults(model, model.successor)
    return found


def _successor_faults(model: AIModel, successor: str) -> dict[str, list[ValidationError]]:
    heir = AIModel.objects.with_model_id(successor).first()
    if heir is None:
        return {"successor": [ValidationError(f"There is no model {shown(successor)}.", "unknown_model")]}
    if model.is_active and not heir.is_active:
        told = f"{successor} is {heir.status}, and everybody would be told of it. Put it on sale first."
        return {"successor": [ValidationError(told, "not_on_sale")]}
    model_id = model.model_id
    chain = _chain(successor, until=model_id)
    if chain[-1] != model_id:
        return {}
    told = " → ".join(
        [model_id, *chain[:-1][:MOST_NAMED], *(["…"] * (len(chain) > MOST_NAMED + 1)), model_id]
    )
    return {"successor": [ValidationError(f"Successors would go in a circle: {told}.", "cyclic")]}


def _chain(first: str, *, until: str) -> list[str]:
    """`first`, its successor, that one's, and so on; it ends at `until`, or where there is no more."""
    successors = dict(AIModel.objects.exclude(successor=None).values_list("model_id", "successor").order_by())
    chain, following = [first], successors.get(first)
    while chain[-1] != until and following is not None and following not in chain:
        chain.append(following)
        following = successors.get(following)
    return chain
