from collections.abc import Callable
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from models_registry import lifecycle
from models_registry.audit.models import AuditEntry
from models_registry.choices import Status
from models_registry.models import AIModel
from models_registry.values import decimal_text


@extend_schema_field({"type": "string", "format": "decimal", "examples": ["0.75"]})
class MoneyField(serializers.Field):
    """An exact decimal as text: no exponent, no trailing zeros."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> str:
        return decimal_text(value)


class ReadOff:
    """Reads objects that have all that is told of them: no dictionaries, callables or defaults.

    The serializer's own fields tell it. They are made once for all, as no request changes anything of them.
    """

    def to_representation(self, instance: object) -> dict[str, Any]:
        return {name: told(instance) for name, told in readers(type(self)).items()}  # type: ignore[arg-type] # a class is hashable


@cache
def readers(serializer: "type[serializers.Serializer[Any]]") -> dict[str, Callable[[object], Any]]:
    """How each field is told of an object, by its name."""
    return {name: _reader(field) for name, field in serializer().fields.items()}


def _reader(field: "serializers.Field[Any, Any, Any, Any]") -> Callable[[object], Any]:
    get, tell = attrgetter(str(field.source)), field.to_representation

    def told(instance: object) -> Any:
        value = get(instance)
        return None if value is None else tell(value)

    return told


class AIModelSerializer(ReadOff, serializers.ModelSerializer[AIModel]):
    """A model as it is served; `sunset_at` and `successor` only where there are such."""

    cost_per_second = MoneyField(help_text="US dollars a second, before multiplier and margin.")
    supported_durations = serializers.ListField(
        child=serializers.IntegerField(), help_text="Seconds, ascending."
    )
    supported_qualities = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(
        choices=Status.choices, help_text="Derived from is_active and is_deprecated."
    )
    model_parameters = serializers.DictField()
    requirements = serializers.DictField()
    # Not required, and so optional in the schema. Nothing is ever read by this serializer.
    sunset_at = serializers.DateTimeField(
        required=False, help_text="When it is retired, by itself; left out if nobody has said."
    )
    successor = serializers.CharField(
        required=False, help_text="The id of the model to use instead; left out if there is none."
    )

    class Meta:
        model = AIModel
        fields = [
            "model_id",
            "name",
            "description",
            "version",
            "provider",
            "category",
            "tags",
            "cost_per_second",
            "supported_durations",
            "supported_qualities",
            "max_duration",
            "fixed_duration",
            "is_active",
            "is_premium",
            "is_default",
            "is_deprecated",
            "status",
            "replicate_model_id",
            "model_parameters",
            "requirements",
            "created_at",
            "updated_at",
            "deprecated_at",
            "sunset_at",
            "successor",
        ]
        read_only_fields = fields

    def to_representation(self, instance: object) -> dict[str, Any]:
        return lifecycle.without_unsaid(super().to_representation(instance))


class ChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    before = serializers.JSONField(help_text="Whatever JSON the field holds.")
    after = serializers.JSONField()


class HistoryEntrySerializer(serializers.Serializer[AuditEntry]):
    """One change of a model or of its rates; null stands for what was not there."""

    at = serializers.DateTimeField()
    actor = serializers.CharField(help_text="A user or a token, by the name that they had then.")
    action = serializers.CharField(help_text="create, change, retire, restore, make_default, delete.")
    source = serializers.CharField(  # type: ignore[assignment] # DRF's own `source` is set on instances
        help_text="Where it was done: api, admin, or the name of a command."
    )
    reason = serializers.CharField(help_text="From `X-Change-Reason` or a form; often empty.")
    request_id = serializers.CharField(help_text="Empty for commands.")
    changes = ChangeSerializer(many=True)


class AlternativesSerializer(serializers.Serializer[Any]):
    durations = serializers.ListField(child=serializers.IntegerField())
    qualities = serializers.ListField(child=serializers.CharField())


class CapabilitySerializer(serializers.Serializer[Any]):
    """Whether a model offers a combination; `alternatives` is what it offers on the side(s) that failed."""

    model_id = serializers.CharField()
    valid = serializers.BooleanField()
    code = serializers.ChoiceField(
        choices=["model_unavailable", "unsupported_duration", "unsupported_quality"], allow_null=True
    )
    reason = serializers.CharField(allow_null=True)
    alternatives = AlternativesSerializer()
