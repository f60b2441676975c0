from typing import Any

from rest_framework import serializers

from models_registry.api.query import CapabilityQuery, TextField
from models_registry.api.serializers import MoneyField, ReadOff
from models_registry.choices import Category
from pricing.models.rate import USD


class QuoteQuery(CapabilityQuery):
    """What to price."""

    model_id = TextField()


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


class LimitsSerializer(serializers.Serializer[Any]):
    credits_per_generation = serializers.IntegerField(source="max_credits_per_generation")


class PolicySerializer(serializers.Serializer[Any]):
    """What a price book is made of, but for models and rates."""

    profit_margin = MoneyField(source="policy.profit_margin")
    credits_per_dollar = MoneyField(source="policy.credits_per_dollar")
    quality_multipliers = serializers.DictField(child=MoneyField())
    limits = LimitsSerializer(source="policy")
