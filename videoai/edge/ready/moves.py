"""Which lists a changed model touches: those that it was in before, or is in now.

A list is as it was if the model neither was nor is in what it is chosen from. If it was and is, and no
field changed by which the list chooses or orders, then it holds the same models in the same order, and
only the model's own part of the body is another. Otherwise the list is made anew.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from models_registry.choices import Status
from videoai.edge.ready.addresses import Address, Kind

Model = Mapping[str, Any]  # as it is served, but only what it can be chosen by


class Unknown(Enum):
    """Nobody remembers how the model was, or has asked how it is."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


@dataclass(slots=True, eq=False)
class Move:
    """A model as it was before a change and as it is after it; None where it can't be seen."""

    model_id: str
    before: Model | Unknown | None
    after: Model | Unknown | None

    def ends(self) -> bool:
        return self.after is not UNKNOWN


class Effect(Enum):
    NONE = "none"
    CONTENT = "content"  # of the model's own part
    MEMBERS = "members"  # or their order, or their number


@dataclass(frozen=True)
class Filter:
    """A parameter that lists are chosen by: the fields that it reads, and whether a model passes.

    Without `passes` only the database can tell.
    """

    fields: tuple[str, ...]
    passes: Callable[[Model, str], bool] | None = None


FILTERS: Mapping[str, Filter] = {
    "provider": Filter(("provider",), lambda model, value: model["provider"] == value),
    "category": Filter(("category",), lambda model, value: model["category"] == value),
    "quality": Filter(("supported_qualities",), lambda model, value: value in model["supported_qualities"]),
    "duration": Filter(
        ("supported_durations",), lambda model, value: int(value) in model["supported_durations"]
    ),
    "is_premium": Filter(("is_premium",), lambda model, value: model["is_premium"] is (value == "true")),
    # SQLite compares floats.
    "max_cost_per_second": Filter(("cost_per_second",)),
    "search": Filter(("model_id", "name", "description", "provider", "tags")),
}
USUAL_ORDER = ("name",)
# A thousand models are remembered; what is large in them decides about no list.
CHOSEN_BY = frozenset(
    {
        *("model_id", "status", "is_default", "created_at", *USUAL_ORDER),
        *(name for one in FILTERS.values() for name in one.fields),
    }
)
ALWAYS: Mapping[Kind, Callable[[Model], bool]] = {
    Kind.PREMIUM: lambda model: bool(model["is_premium"]),
    Kind.DEFAULT: lambda model: bool(model["is_default"]),
}


def model_of(body: bytes) -> Model:
    return {name: value for name, value in json.loads(body).items() if name in CHOSEN_BY}


def effect(address: Address, move: Move, *, shows: bool) -> Effect:
    """What `move` does to the list at `address`; `shows`: does this page of it tell of the model?"""
    before, after = _may_be_in(address, move.before), _may_be_in(address, move.after)
    if not before and not after:
        return Effect.NONE
    if not isinstance(move.before, Mapping) or not isinstance(move.after, Mapping) or before != after:
        return Effect.MEMBERS
    if any(move.before[name] != move.after[name] for name in _fields(address)):
        return Effect.MEMBERS
    return Effect.CONTENT if shows else Effect.NONE


def _may_be_in(address: Address, model: Model | Unknown | None) -> bool:
    if model is None:
        return False
    if model is UNKNOWN or not isinstance(model, Mapping):
        return True
    if model["status"] != Status.ACTIVE or not ALWAYS.get(address.kind, bool)(model):
        return False
    if not set(address.tags) <= set(model["tags"]):
        return False
    return all(
        passes(model, value)
        for name, value in address.parameters.items()
        if name in FILTERS and (passes := FILTERS[name].passes) is not None
    )


def _fields(address: Address) -> Iterable[str]:
    """The fields by which the list chooses and orders; whether a model is active was asked before."""
    for name in address.parameters:
        if name in FILTERS:
            yield from FILTERS[name].fields
    if address.tags:
        yield "tags"
    ordering = address.parameters.get("ordering")
    yield from (part.removeprefix("-") for part in ordering.split(",")) if ordering else USUAL_ORDER
