"""Models are told faster than Django REST framework does it, and in the same words."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from models_registry import services
from models_registry.api.serializers import AIModelSerializer
from models_registry.models import AIModel
from tests.factories import AIModelFactory

pytestmark = pytest.mark.django_db


class AsTheFrameworkDoesIt(AIModelSerializer):
    def to_representation(self, instance: AIModel) -> dict[str, Any]:
        told = serializers.Serializer.to_representation(self, instance)
        return {
            name: value
            for name, value in told.items()
            if value is not None or name not in {"sunset_at", "successor"}
        }


@pytest.fixture
def models() -> list[AIModel]:
    """Everything that a field can be: empty, null, nested, in other scripts."""
    AIModelFactory()
    AIModelFactory(
        name="É ” <b>",
        description="1\n2\u2028",
        category="premium",
        tags=["a b", "é"],
        cost_per_second=Decimal("0.000000001"),
        supported_durations=[5],
        fixed_duration=5,
        max_duration=9,
        is_premium=True,
        model_parameters={"a": [1, 2.5, None, {"b": True}]},
    )
    AIModelFactory(is_active=False, sunset_at=datetime(2026, 1, 2, tzinfo=UTC))
    AIModelFactory(successor=AIModelFactory().model_id)
    services.retire(AIModelFactory(version="2", requirements={"gpu": "x"}))
    return list(AIModel.objects.all())


def test_lists_and_single_ones_have_the_same_bytes(models):
    def rendered(serializer: type[AIModelSerializer]) -> list[bytes]:
        listed = serializer(models, many=True).data
        return [JSONRenderer().render(data) for data in (listed, *(serializer(m).data for m in models))]

    assert rendered(AIModelSerializer) == rendered(AsTheFrameworkDoesIt)


def test_a_model_that_was_just_written_is_told_as_one_that_was_read(models):
    written = AIModelFactory(cost_per_second="0.50", description="New")

    told = JSONRenderer().render(AIModelSerializer(written).data)

    assert told == JSONRenderer().render(AsTheFrameworkDoesIt(AIModel.objects.get(pk=written.pk)).data)
    assert json.loads(told)["cost_per_second"] == "0.5"
