"""What the OpenAPI document says of held quotes."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from models_registry.api.query import TEXT_SCHEMA
from models_registry.usage.api.openapi import FIELDS
from pricing.api.serializers import QuoteSerializer
from pricing.quotes.api.bodies import COMPARED, GENERATION_ID, MOST_SECONDS
from pricing.quotes.models import HeldState

QUOTE_ID = OpenApiParameter("quote_id", str, OpenApiParameter.PATH, description="As in `q_4mT…`; a secret.")
SIGNATURE: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def body(properties: dict[str, Any], *, required: list[str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"application/json": schema}


QUESTION = body(
    {
        "model_id": TEXT_SCHEMA,
        "quality": {**TEXT_SCHEMA, "description": "The key of a quality tier."},
        "duration": {
            "type": "integer",
            "minimum": -MOST_SECONDS,
            "maximum": MOST_SECONDS,
            "description": "Seconds.",
        },
        "with_audio": {
            "type": ["boolean", "null"],
            "description": "Where clips with sound have another price; null: either.",
        },
    },
    required=["model_id", "quality", "duration"],
)
REDEMPTION = body(
    {
        GENERATION_ID: FIELDS[GENERATION_ID],
        **{name: {"description": "As it was quoted; 409 if it is not."} for name in COMPARED},
    },
    required=[GENERATION_ID],
)


@extend_schema_field(SIGNATURE)
class SignatureField(serializers.CharField):
    """HMAC-SHA-256."""


class HeldQuoteSerializer(QuoteSerializer):
    """A quote, and until when it holds. `signature` is of all that never changes about it."""

    with_audio = serializers.BooleanField(allow_null=True, help_text="null: nobody asked.")
    price_row = serializers.CharField(help_text="Which row the price is from, and since when it says so.")
    id = serializers.CharField(help_text="Who knows it may look at the quote.")
    state = serializers.ChoiceField(choices=HeldState.choices)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="By the database's clock.")
    signature = SignatureField()
    generation_id = serializers.CharField(allow_null=True, help_text="Which it was redeemed for.")
    redeemed_at = serializers.DateTimeField(allow_null=True)
