from typing import Any

from rest_framework import serializers

from models_registry.api.query import TextField
from pricing.schedule.models import Kind, ScheduledChange, State


class ChangesQuery(serializers.Serializer[Any]):
    """Which changes to list."""

    state = serializers.ChoiceField(choices=State.choices, required=False)
    model_id = TextField(required=False, help_text="Of this model's price and rates alone.")


class ScheduledChangeSerializer(serializers.Serializer[ScheduledChange]):
    """A change that waits for its moment, or what became of it."""

    id = serializers.IntegerField()
    change = serializers.ChoiceField(choices=Kind.choices, source="kind")
    model_id = serializers.SerializerMethodField(help_text="null where every model is meant.")
    quality = serializers.SerializerMethodField(help_text="null: any quality, or none is meant.")
    with_audio = serializers.BooleanField(allow_null=True)
    values = serializers.DictField(help_text="The new values by field, money as text.")
    effective_from = serializers.DateTimeField()
    reason = serializers.CharField()
    scheduled_by = serializers.CharField(source="actor")
    created_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=State.choices)
    outcome = serializers.CharField(help_text="Why it failed, or who cancelled it.")
    settled_at = serializers.DateTimeField(allow_null=True)

    def get_model_id(self, change: ScheduledChange) -> str | None:
        return change.model.model_id if change.model else None

    def get_quality(self, change: ScheduledChange) -> str | None:
        return change.quality or None
