"""Generations to record, and what is there once they were."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from models_registry.usage.models import (
    Generation,
    GenerationKey,
    UsageCounter,
    UsageErrorCount,
    UsageRollup,
)

NOW = datetime(2026, 11, 22, 19, 18, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERYTHING = {
    "duration": 8,
    "quality": "high",
    "queue_time": Decimal("0.25"),
    "cost_usd": Decimal("0.4"),
    "credits": 27,
    "finished_at": "2026-11-22T18:59:59.5Z",
}


def generation(generation_id: str = "g-1", **fields: Any) -> dict[str, Any]:
    """A report with what it needs, and `fields`."""
    return {"generation_id": generation_id, "generation_time": Decimal("12.5"), "success": True, **fields}


def counted() -> dict[str, tuple[int, int, int]]:
    """Model id → generations, successes and microseconds since ever."""
    rows = UsageCounter.objects.order_by("pk").values_list(
        "model__model_id", "generations", "successes", "microseconds"
    )
    return {model_id: (generations, successes, took) for model_id, generations, successes, took in rows}


def periods() -> dict[tuple[str, str], int]:
    """Grain and start, as in `("hour", "2026-11-22 19:00")` → generations."""
    found: dict[tuple[str, str], int] = {}
    for rollup in UsageRollup.objects.all():
        key = rollup.grain, f"{rollup.start.astimezone(UTC):%Y-%m-%d %H:%M}"
        found[key] = found.get(key, 0) + rollup.generations
    return found


def kept() -> list[Any]:
    """All that recording writes."""
    return [
        list(GenerationKey.objects.order_by("pk").values()),
        list(Generation.objects.order_by("generation_id").values()),
        list(UsageCounter.objects.order_by("pk").values()),
        sorted(UsageRollup.objects.values(), key=repr),
        sorted(UsageErrorCount.objects.values(), key=repr),
    ]
