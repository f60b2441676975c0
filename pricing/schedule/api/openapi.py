"""The body that schedules a change, as the schema tells it: one shape for each kind."""

from typing import Any

from models_registry import choices
from models_registry.api.openapi import CONFIRM, SHAPES
from pricing.models import Unit
from pricing.models.policy import HIGHEST_MARGIN, LOWEST_FACTOR, MOST_CREDITS_PER_DOLLAR
from pricing.models.rate import HIGHEST_MINIMUM
from pricing.schedule.api.bodies import PLACES
from pricing.schedule.deeds import COLUMNS, MOST, REQUIRED
from pricing.schedule.models import Kind

COST = SHAPES["cost_per_second"]


def number(least: object, most: object) -> dict[str, Any]:
    return {"type": "number", "minimum": float(str(least)), "maximum": float(str(most))}


def or_null(shape: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [shape, {"type": "null"}]}


SECONDS = {"type": "integer", "minimum": choices.SHORTEST_DURATION, "maximum": choices.LONGEST_DURATION}
MOMENT = {"type": "string", "format": "date-time"}
VALUES: dict[str, dict[str, Any]] = {
    "model_id": {"type": "string"},
    "quality": {"type": ["string", "null"], "description": "The key of a tier; of a rate null: any quality."},
    "with_audio": {"type": ["boolean", "null"]},
    "cost_per_second": COST,
    "amount": COST,
    "unit": {"type": "string", "enum": Unit.values},
    "minimum_charge": number(0, HIGHEST_MINIMUM),
    "source": {"type": "string", "maxLength": 500, "pattern": r"^[^\u0000]*$"},
    "source_fetched_at": or_null(MOMENT),
    "note": {"type": "string", "maxLength": 2_000, "pattern": r"^[^\u0000]*$"},
    "cost_multiplier": number(choices.LOWEST_MULTIPLIER, choices.HIGHEST_MULTIPLIER),
    "profit_margin": number(LOWEST_FACTOR, HIGHEST_MARGIN),
    "credits_per_dollar": number(LOWEST_FACTOR, MOST_CREDITS_PER_DOLLAR),
    "target_margin": or_null(number(0, 100)),
    "max_credits_per_generation": {"type": "integer", "minimum": 1, "maximum": MOST},
    "max_duration_per_generation": or_null(SECONDS),
    "max_cost_per_second": or_null(COST),
}
SHARED: dict[str, dict[str, Any]] = {
    "change": {"type": "string", "enum": Kind.values},
    "effective_from": {
        **MOMENT,
        "description": "A moment to come, at most five years ahead (RFC 3339, to the millisecond).",
    },
}


def shape(kind: Kind) -> dict[str, Any]:
    """The fields of one kind."""
    needed = [name for name, is_needed in PLACES[kind].items() if is_needed]
    own = {name: VALUES[name] for name in (*PLACES[kind], *COLUMNS[kind])}
    if kind == Kind.MULTIPLIER:
        own["quality"] = {"type": "string", "description": "The key of a tier."}
    return {
        "type": "object",
        "title": str(kind.label),
        "properties": {
            **SHARED,
            "change": {"type": "string", "enum": [kind.value]},
            "confirm": CONFIRM,
            **own,
        },
        "required": [*SHARED, *needed, *REQUIRED.get(kind, ())],
        "additionalProperties": False,
        **({"anyOf": [{"required": [name]} for name in own]} if kind == Kind.POLICY else {}),
    }


WISH: dict[str, dict[str, Any]] = {
    "application/json": {
        "type": "object",
        "properties": {**SHARED, "confirm": CONFIRM},
        "required": list(SHARED),
        "oneOf": [shape(kind) for kind in Kind],
    }
}
