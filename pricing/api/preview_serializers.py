"""How the OpenAPI document describes what a preview answers."""

from typing import Any

from rest_framework import serializers

from models_registry.api.serializers import MoneyField


class CombinationCountsSerializer(serializers.Serializer[Any]):
    """How many combinations of quality and duration there are of each kind."""

    affected = serializers.IntegerField(help_text="Those whose credits change; the next four add up to it.")
    unchanged = serializers.IntegerField()
    dearer = serializers.IntegerField()
    cheaper = serializers.IntegerField()
    newly_sold = serializers.IntegerField()
    no_longer_sold = serializers.IntegerField()
    negative_margins = serializers.IntegerField(help_text="That would fall below what they cost us.")


class MoveSerializer(serializers.Serializer[Any]):
    model_id = serializers.CharField()
    quality = serializers.CharField()
    duration = serializers.IntegerField(help_text="Seconds.")
    before = serializers.IntegerField(allow_null=True, help_text="Credits; null: not sold.")
    after = serializers.IntegerField(allow_null=True)


class EffectSerializer(serializers.Serializer[Any]):
    """The generations of the last 30 days, at the prices before and after."""

    to = serializers.DateTimeField()
    generations = serializers.IntegerField(help_text="That have a price before and after.")
    unpriced_generations = serializers.IntegerField(
        help_text="Whose quality or duration nobody said, or that are not sold before or after."
    )
    credits_before = serializers.IntegerField()
    credits_after = serializers.IntegerField()
    dollars_before = MoneyField()
    dollars_after = MoneyField()
    difference_usd = MoneyField(help_text="dollars_after − dollars_before.")

    def get_fields(self) -> dict[str, serializers.Field]:
        """`from` is no name for an attribute."""
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class PreviewSerializer(serializers.Serializer[Any]):
    combinations = CombinationCountsSerializer()
    results = MoveSerializer(many=True)
    truncated = serializers.BooleanField(help_text="There are more results than these.")
    usage = EffectSerializer()
