"""The body that schedules a change, as the schema tells it."""

from typing import Any

from models_registry.api.openapi import CONFIRM
from pricing.schedule.models import Kind

MONEY = {"anyOf": [{"type": "string", "format": "decimal"}, {"type": "number"}], "examples": ["0.75"]}
NO_MONEY = {"anyOf": [*MONEY["anyOf"], {"type": "null"}]}  # type: ignore[misc]

WISH: dict[str, dict[str, Any]] = {
    "application/json": {
        "type": "object",
        "description": (
            "`price` takes model_id, cost_per_second; `rate` model_id, quality, with_audio, amount, unit, "
            "minimum_charge, source, source_fetched_at, note; `rate_removed` model_id, quality, with_audio; "
            "`policy` at least one of its values; `multiplier` quality, cost_multiplier."
        ),
        "required": ["change", "effective_from"],
        "additionalProperties": False,
        "properties": {
            "change": {"type": "string", "enum": list(Kind.values)},
            "confirm": CONFIRM,
            "effective_from": {
                "type": "string",
                "format": "date-time",
                "description": "A moment to come, at most five years ahead (RFC 3339, to the millisecond).",
            },
            "model_id": {"type": "string"},
            "quality": {"type": ["string", "null"]},
            "with_audio": {"type": ["boolean", "null"]},
            "cost_per_second": MONEY,
            "amount": MONEY,
            "unit": {"type": "string", "enum": ["second", "clip", "megapixel_second", "unknown"]},
            "minimum_charge": MONEY,
            "source": {"type": "string", "maxLength": 500},
            "source_fetched_at": {"type": ["string", "null"], "format": "date-time"},
            "note": {"type": "string", "maxLength": 2_000},
            "cost_multiplier": MONEY,
            "profit_margin": MONEY,
            "credits_per_dollar": MONEY,
            "target_margin": NO_MONEY,
            "max_credits_per_generation": {"type": "integer", "minimum": 1},
            "max_duration_per_generation": {"type": ["integer", "null"], "minimum": 1},
            "max_cost_per_second": {**NO_MONEY, "description": "Also of a policy."},
        },
    }
}
