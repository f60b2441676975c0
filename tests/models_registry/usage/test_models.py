"""What the tables themselves refuse, whoever writes them."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from models_registry.models import AIModel
from models_registry.usage.models import (
    Generation,
    GenerationKey,
    UsageCounter,
    UsageErrorCount,
    UsageHorizon,
    UsageRollup,
)
from models_registry.usage.recording import record
from tests.factories import AIModelFactory
from tests.models_registry.usage.generations import NOW, generation

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> AIModel:
    """A model with one recorded generation."""
    model = AIModelFactory(model_id="a/b")
    record("a/b", generation(success=False, error_code="timeout"), now=NOW)
    return model


def refused(write: Any, *, by: str) -> None:
    with pytest.raises(IntegrityError, match=by), transaction.atomic():
        write()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"microseconds": -1}, "generations_time_range"),
        ({"microseconds": 86_400_000_001}, "generations_time_range"),
        ({"success": True}, "generations_success_has_no_error"),
    ],
)
def test_no_generation_has_an_impossible_time_or_is_success_and_failure(model, changes, constraint):
    refused(lambda: Generation.objects.update(**changes), by=constraint)


@pytest.mark.parametrize("table", [UsageCounter, UsageRollup])
@pytest.mark.parametrize("changes", [{"successes": 2}, {"successes": -1}, {"microseconds": -1}])
def test_no_sum_has_more_successes_than_generations_or_less_than_none(model, table, changes):
    refused(lambda: table.objects.update(**changes), by=f"{table._meta.db_table}_add_up")


@pytest.mark.parametrize("table", [GenerationKey, Generation, UsageCounter, UsageRollup, UsageErrorCount])
def test_no_row_stands_there_twice(model, table):
    row = table.objects.first()

    refused(lambda: table.objects.bulk_create([row]), by="(?i)unique")


def test_there_is_but_one_horizon(model):
    UsageHorizon.objects.create(kept_since=NOW)

    refused(lambda: UsageHorizon.objects.create(id=2, kept_since=NOW), by="usage_horizon_one_row")


def test_a_model_that_was_used_is_never_deleted(model):
    with pytest.raises(ProtectedError):
        model.delete()

    assert AIModel.objects.filter(model_id="a/b").exists()


@pytest.mark.parametrize("table", [GenerationKey, Generation, UsageCounter, UsageRollup, UsageErrorCount])
def test_rows_say_what_they_are(model, table):
    assert any(text in str(table.objects.first()) for text in ("g-1", str(model.pk)))
