from typing import Any

from rest_framework import serializers

from models_registry.api.query import CapabilityQuery, FlagField, MomentField, TextField
from models_registry.api.serializers import MoneyField, ReadOff
from models_registry.choices import Category
from pricing.explaining import MODEL, RATE
from pricing.models import Layer, Unit
from pricing.models.rate import USD


class QuoteQuery(CapabilityQuery):
    """What to price."""

    model_id = TextField()
    with_audio = FlagField(
        required=False, help_text="Clips with sound, or without; matters where rates tell the two apart."
    )
    explain = FlagField(required=False, help_text="`true` adds what the price is made of.")
    at = MomentField(
        required=False,
        help_text="The price at this moment, past or to come (RFC 3339). Needs catalogue rights.",
    )


class MatrixQuery(serializers.Serializer[Any]):
    """Which models to list."""

    provider = TextField(required=False)
    category = serializers.ChoiceField(choices=Category.choices, required=False)


class QuoteSerializer(serializers.Serializer[Any]):
    model_id = serializers.CharField()
    quality = serializers.CharField()
    duration = serializers.IntegerField(help_text="Seconds.")
    cost_per_second = MoneyField(
        allow_null=True,
        help_text="The model's price, or its rate for this quality; null for a rate by another unit.",
    )
    quality_multiplier = MoneyField(help_text="1 beside a rate.")
    cost_usd = MoneyField(
        help_text="cost_per_second × quality_multiplier × duration, exactly, or the rate's minimum charge."
    )
    price_usd = MoneyField(help_text="credits ÷ credits_per_dollar.")
    credits = serializers.IntegerField(help_text="cost_usd × margin × credits_per_dollar, rounded up once.")
    currency = serializers.ChoiceField(choices=[USD])
    priced_at = serializers.DateTimeField(help_text="The last change that this price rests on.")


class PricedRowSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The row, and since when it says so; stays when the row changes.")
    kind = serializers.ChoiceField(choices=[MODEL, RATE], help_text="A model's own price, or a rate.")
    layer = serializers.ChoiceField(choices=Layer.choices, help_text="By hand, or from a price list.")
    quality = serializers.CharField(allow_null=True, help_text="null: whatever the quality.")
    with_audio = serializers.BooleanField(allow_null=True, help_text="null: with or without sound.")
    unit = serializers.ChoiceField(choices=Unit.choices, help_text="What the amount buys.")
    amount = MoneyField(help_text="US dollars a unit.")
    currency = serializers.ChoiceField(choices=[USD])
    minimum_charge = MoneyField(help_text="US dollars that a generation costs at least.")
    source = serializers.CharField()  # type: ignore[assignment] # DRF's own `source` is set on instances
    source_fetched_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()
    effective_from = serializers.DateTimeField()


class LimitsSerializer(serializers.Serializer[Any]):
    """What a policy lets nobody sell; null: no limit."""

    credits_per_generation = serializers.IntegerField(source="max_credits_per_generation")
    duration_per_generation = serializers.IntegerField(
        source="max_duration_per_generation", allow_null=True, help_text="Seconds."
    )
    cost_per_second = MoneyField(source="max_cost_per_second", allow_null=True, help_text="Our cost.")


class ExplainedPolicySerializer(serializers.Serializer[Any]):
    profit_margin = MoneyField()
    credits_per_dollar = MoneyField()
    effective_from = serializers.DateTimeField(source="priced_at")
    limits = LimitsSerializer(source="*")


class ExplanationSerializer(serializers.Serializer[Any]):
    row = PricedRowSerializer(help_text="The row that says what it costs us.")
    covered = PricedRowSerializer(
        allow_null=True, help_text="What a price list says of the same; null if nothing, or if that counts."
    )
    policy = ExplainedPolicySerializer()
    multiplier = MoneyField()
    formula = serializers.CharField(help_text="As in ⌈0.75 × 1 × 8 s × 1.32 × 50⌉ = 396 credits.")


class ExplainedQuoteSerializer(QuoteSerializer):
    """`explain` is there where it was asked for."""

    explain = ExplanationSerializer(required=False)


class OfferSerializer(ReadOff, serializers.Serializer[Any]):
    """A quote with what a chooser wants to know of its model; the two are flattened into one object."""

    name = serializers.CharField(source="model.name")
    provider = serializers.CharField(source="model.provider")
    category = serializers.ChoiceField(choices=Category.choices, allow_null=True, source="model.category")
    tags = serializers.ListField(child=serializers.CharField(), source="model.tags")
    is_premium = serializers.BooleanField(source="model.is_premium")
    is_default = serializers.BooleanField(source="model.is_default")

    def get_fields(self) -> dict[str, serializers.Field]:
        quote = QuoteSerializer().get_fields()
        for name, field in quote.items():
            field.source = f"quote.{name}"
        return {**quote, **super().get_fields()}


class ComparisonSerializer(serializers.Serializer[Any]):
    quality = serializers.CharField()
    duration = serializers.IntegerField()
    results = OfferSerializer(many=True)


class MatrixSerializer(serializers.Serializer[Any]):
    """`models`: model id → quality → seconds → credits."""

    models = serializers.DictField(
        child=serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    )


class PolicySerializer(serializers.Serializer[Any]):
    """What a price book is made of, but for models and rates."""

    profit_margin = MoneyField(source="policy.profit_margin")
    credits_per_dollar = MoneyField(source="policy.credits_per_dollar")
    quality_multipliers = serializers.DictField(child=MoneyField())
    limits = LimitsSerializer(source="policy")
    target_margin = MoneyField(
        source="policy.target_margin",
        allow_null=True,
        help_text="Percent of the price that should be left when our cost is paid; null: none is set.",
    )
    effective_from = serializers.DateTimeField(
        source="policy.priced_at", help_text="The last change of the policy that moved prices."
    )
