"""What the OpenAPI document says of writes: bodies and headers, as strictly as they are read."""

from collections.abc import Collection
from typing import Any

from drf_spectacular.utils import OpenApiParameter

from models_registry import choices, services
from models_registry.models import AIModel
from models_registry.validation import MODEL_ID_SEGMENT, OBJECTS

# Line breaks and other control characters, as in `values.CONTROL`.
CONTROLS = r"\u0000-\u001f\u007f\u0085\u2028\u2029"
IN_ONE_LINE = rf"[^{CONTROLS}]*"
NOT_BLANK = rf"^{IN_ONE_LINE}[^{CONTROLS}\s]{IN_ONE_LINE}$"
FRACTION = rf"\.[0-9]{{1,{choices.COST_DECIMALS}}}"
MONEY = rf"^(?!0+(\.0+)?$)(100(\.0{{1,{choices.COST_DECIMALS}}})?|[0-9]{{1,2}}({FRACTION})?)$"
MODEL_ID_PATTERN = rf"^{MODEL_ID_SEGMENT}(/{MODEL_ID_SEGMENT}){{0,{choices.MODEL_ID_SEGMENTS - 1}}}$"

MODEL_ID = OpenApiParameter(
    "model_id", str, OpenApiParameter.PATH, description="As in `google/veo-3`; slashes stand as they are."
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description=(
        "The `ETag` of the model as you saw it, in gzip or not; 412 if it is another by now. "
        "Strong comparison."
    ),
)
TAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    description="The tag of the model as it now is.",
    response=[200, 201],
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, description="The path of the new model.", response=[201]
)


CONFIRMING = (
    "409 `confirmation_required` if a price for customers would move by more than `PRICE_CHANGE_GUARD` times "
    "(3 unless set otherwise), up or down, would no longer be one, or would fall below what it costs us; "
    "a model that comes on sale is compared with what it was last sold at. "
    "`figures` and `negative_margins` tell which. The same with `confirm: true` does it."
)
CONFIRM = {
    "type": "boolean",
    "default": False,
    "description": "Change prices, however far they move. No field of the model.",
}


def line(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest, "pattern": NOT_BLANK}


def seconds(**more: Any) -> dict[str, Any]:
    return {"minimum": choices.SHORTEST_DURATION, "maximum": choices.LONGEST_DURATION, **more}


SHAPES: dict[str, dict[str, Any]] = {
    "model_id": {**line(choices.MODEL_ID_LENGTH), "pattern": MODEL_ID_PATTERN},
    "name": line(choices.NAME_LENGTH),
    "description": {"type": "string", "maxLength": choices.DESCRIPTION_LENGTH, "pattern": r"^[^\u0000]*$"},
    "version": {"type": "string", "maxLength": choices.VERSION_LENGTH, "pattern": f"^{IN_ONE_LINE}$"},
    "cost_per_second": {
        "oneOf": [
            {"type": "string", "pattern": MONEY},
            {
                "type": "number",
                "minimum": float(choices.LOWEST_COST),
                "maximum": int(choices.HIGHEST_COST),
            },
        ],
        "examples": ["0.75"],
    },
    "supported_durations": {
        "type": "array",
        "items": seconds(type="integer"),
        "minItems": 1,
        "maxItems": choices.DURATIONS,
    },
    "supported_qualities": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "max_duration": seconds(type=["integer", "null"]),
    "fixed_duration": seconds(type=["integer", "null"]),
    "is_active": {"type": "boolean"},
    "is_premium": {"type": "boolean"},
    "is_default": {"type": "boolean"},
    "is_deprecated": {"type": "boolean"},
    "provider": line(choices.PROVIDER_LENGTH),
    "category": {"type": ["string", "null"], "enum": [*choices.Category.values, None]},
    "tags": {"type": "array", "items": line(choices.TAG_LENGTH), "maxItems": choices.TAGS},
    "replicate_model_id": line(choices.REPLICATE_ID_LENGTH),
    **{name: {"type": "object"} for name in OBJECTS},
    "sunset_at": {"type": ["string", "null"], "format": "date-time"},
    "successor": {
        "type": ["string", "null"],
        "maxLength": choices.MODEL_ID_LENGTH,
        "pattern": MODEL_ID_PATTERN,
    },
}

EXPLAINED = {
    "cost_per_second": "US dollars a second, exactly; a text or a number.",
    "supported_durations": "Whole seconds; stored in order and without repeats.",
    "is_default": "`true` takes the flag from the model that has it; it can't be given up.",
    "sunset_at": (
        "From then on the model is retired, by itself; the default only if its successor is active. "
        "With its zone; to the second, and rounded up to it. A model on sale is given none that has passed."
    ),
    **dict.fromkeys(
        OBJECTS, f"At most {choices.JSON_BYTES:,} bytes, nested at most {choices.JSON_DEPTH} deep."
    ),
}


def body(*, required: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """The body of a write, by media type."""
    properties = {name: {**shape, **_description(name)} for name, shape in SHAPES.items()}
    properties["confirm"] = CONFIRM
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"application/json": {**schema, "required": list(required)} if required else schema}


def _description(name: str) -> dict[str, str]:
    column = next(column for column in AIModel._meta.concrete_fields if column.name == name)
    text = EXPLAINED.get(name) or column.help_text
    return {"description": str(text)} if text else {}


CONFIRMATION = {
    "application/json": {
        "type": "object",
        "properties": {"confirm": CONFIRM},
        "additionalProperties": False,
    }
}
NOTHING = {"application/json": {"type": "object", "additionalProperties": False}}
NEW_MODEL = body(required=services.REQUIRED)
WHOLE_MODEL = body(required=services.NEEDED_TO_REPLACE)
CHANGES = body()
