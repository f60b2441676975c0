from datetime import UTC, date, datetime

import pytest

from models_registry.usage.periods import DAY, HOUR
from models_registry.usage.recent import Use, generations_daily, use_lately
from models_registry.usage.recording import record
from tests.factories import AIModelFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def generate(model, name, finished_at):
    said = {"generation_id": name, "generation_time": 1, "success": True}
    record(model.model_id, {**said, "finished_at": f"{finished_at:%Y-%m-%dT%H:%M:%SZ}"})


def test_use_of_the_last_days_is_told_by_model():
    used, old, new = AIModelFactory(), AIModelFactory(), AIModelFactory()
    generate(used, "a", NOW)
    generate(used, "b", NOW - 29 * DAY)
    generate(used, "c", NOW - 30 * DAY)
    generate(old, "d", NOW - 31 * DAY)
    assert use_lately([used, old, new], now=NOW) == {used.pk: Use(2, date(2026, 11, 22))}


def test_generations_are_counted_by_the_day_the_oldest_first():
    model, unused = AIModelFactory(), AIModelFactory()
    for name, moment in {"a": NOW, "b": NOW - HOUR, "c": NOW - DAY, "d": NOW - 3 * DAY}.items():
        generate(model, name, moment)
    assert generations_daily([model, unused], days=3, now=NOW) == {model.pk: [0, 1, 2]}
