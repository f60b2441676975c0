"""What the OpenAPI document says of recording: bodies as strictly as they are read, and the answers."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from models_registry import choices
from models_registry.api.openapi import MODEL_ID_PATTERN
from models_registry.usage import reports
from models_registry.usage.periods import EARLIEST
from models_registry.usage.recording import MOST_AT_ONCE

# --- Bodies ----------------------------------------------------------------------------------------------


def amount(*, highest: int, decimals: int, whole: str) -> list[dict[str, Any]]:
    """From 0 to `highest`, as a text or a number; `whole` is a pattern of the whole numbers below that."""
    pattern = rf"^({highest}(\.0{{1,{decimals}}})?|({whole})(\.[0-9]{{1,{decimals}}})?)$"
    return [
        {"type": "string", "pattern": pattern},
        {"type": "number", "minimum": 0, "maximum": highest},
    ]


SECONDS = amount(
    highest=reports.LONGEST_TIME,
    decimals=reports.TIME_DECIMALS,
    whole="[0-9]{1,4}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}",
)
DOLLARS = amount(highest=reports.HIGHEST_COST, decimals=reports.COST_DECIMALS, whole="[0-9]{1,3}")
NULL = {"type": "null"}

FIELDS: dict[str, dict[str, Any]] = {
    "generation_id": {
        "type": "string",
        "minLength": 1,
        "maxLength": reports.LONGEST_ID,
        "pattern": r"^[^\u0000]+$",
        "description": "Your own id of the generation, unique for good and among all models.",
    },
    "generation_time": {"oneOf": SECONDS, "description": "Seconds that it took.", "examples": [12.5]},
    "success": {"type": "boolean"},
    "duration": {
        "type": ["integer", "null"],
        "minimum": choices.SHORTEST_DURATION,
        "maximum": choices.LONGEST_DURATION,
        "description": "Seconds of video; of a redeemed quote it is known.",
    },
    "quality": {
        "type": ["string", "null"],
        "description": "The key of a quality tier; of a redeemed quote it is known.",
    },
    "queue_time": {"oneOf": [*SECONDS, NULL], "description": "Seconds that it waited before it began."},
    "error_code": {
        "type": ["string", "null"],
        "pattern": f"^{reports.ERROR_CODE.pattern}$",
        "description": "Why it failed, in a word of yours; only of failures.",
        "examples": ["provider_timeout"],
    },
    "cost_usd": {
        "oneOf": [*DOLLARS, NULL],
        "description": "What it cost in US dollars, exactly; of a redeemed quote it is known.",
    },
    "credits": {
        "type": ["integer", "null"],
        "minimum": 0,
        "maximum": reports.MOST_CREDITS,
        "description": "What was charged for it; of a redeemed quote it is known.",
    },
    "price_row": {
        "type": ["string", "null"],
        "maxLength": reports.LONGEST_PRICE_ROW,
        "pattern": r"^[^\u0000]*$",
        "description": "Which row of the price list its price is from; of a redeemed quote it is known.",
    },
    "finished_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": (
            "RFC 3339, with its zone; when it is recorded by default. "
            f"Not before {EARLIEST.date()}, and at most 24 hours ahead."
        ),
    },
}
OF_MODEL = {
    "type": "string",
    "maxLength": choices.MODEL_ID_LENGTH,
    "pattern": MODEL_ID_PATTERN,
    "description": "The model that made it.",
}


def generation(**more: dict[str, Any]) -> dict[str, Any]:
    """A report of one generation, with fields of its own."""
    return {
        "type": "object",
        "properties": {**more, **FIELDS},
        "required": [*more, *(name for name in FIELDS if name in reports.REQUIRED)],
        "additionalProperties": False,
        "if": {"properties": {"success": {"const": True}}},
        "then": {"properties": {"error_code": NULL}},
    }


GENERATION = {"application/json": generation()}
BATCH = {
    "application/json": {
        "type": "object",
        "properties": {
            "generations": {
                "type": "array",
                "maxItems": MOST_AT_ONCE,
                "items": {
                    "anyOf": [
                        generation(model_id=OF_MODEL),
                        {"description": "Whatever else is sent is rejected, by its index."},
                    ]
                },
            }
        },
        "required": ["generations"],
        "additionalProperties": False,
    }
}


# --- Answers ---------------------------------------------------------------------------------------------


@extend_schema_field({"type": ["string", "null"], "format": "decimal", "examples": ["0.75"]})
class DollarsField(serializers.Field):
    """US dollars, exactly."""


class GenerationSerializer(serializers.Serializer[Any]):
    """A generation as it is recorded; null stands for what nobody said."""

    model_id = serializers.CharField()
    generation_id = serializers.CharField()
    generation_time = serializers.FloatField(help_text="Seconds.")
    success = serializers.BooleanField()
    duration = serializers.IntegerField(allow_null=True, help_text="Seconds of video.")
    quality = serializers.CharField(allow_null=True)
    queue_time = serializers.FloatField(allow_null=True, help_text="Seconds.")
    error_code = serializers.CharField(allow_null=True)
    cost_usd = DollarsField()
    credits = serializers.IntegerField(allow_null=True)
    price_row = serializers.CharField(
        allow_null=True, help_text="Which row of the price list it has its price from."
    )
    finished_at = serializers.DateTimeField(help_text="When it was recorded, if nobody said.")


@extend_schema_field({"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}})
class FieldErrorsField(serializers.Field):
    """What is wrong, field by field."""


class RejectionSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Of the item in the batch, from 0.")
    errors = FieldErrorsField()  # type: ignore[assignment] # DRF's own `errors` is of instances


class BatchSerializer(serializers.Serializer[Any]):
    """What became of a batch: each item is counted in one of the three."""

    recorded = serializers.IntegerField()
    duplicates = serializers.IntegerField(
        help_text="Recorded before, or earlier in the batch, with equal content."
    )
    rejected = RejectionSerializer(many=True)
