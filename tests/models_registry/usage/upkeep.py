"""Generations to keep up, and what is written past recording."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from models_registry.models import AIModel
from models_registry.usage import partitions, sketch
from models_registry.usage.models import UsageCounter, UsageErrorCount, UsageRollup
from models_registry.usage.recording import Recorded, record, record_many
from models_registry.usage.verifying import Verification
from tests.factories import AIModelFactory

NOW = datetime(2026, 11, 22, 19, 18, 5, tzinfo=UTC)
SEPTEMBER, OCTOBER, NOVEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (9, 10, 11))


def sql(statement: str, *params: object) -> int:
    """Run it, and tell how many rows it met."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def rows(statement: str, *params: object) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())


def stored(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def done(generation_id: str, at: datetime = NOW, **values: Any) -> dict[str, Any]:
    said = {"generation_id": generation_id, "generation_time": 4.25, "success": True, "finished_at": at}
    return {**said, **values}


def count(generation_id: str, at: datetime = NOW, *, model: str = "acme/m1", **values: Any) -> Recorded:
    return record(model, done(generation_id, at, **values), now=NOW)


def some_usage() -> None:
    """Of two models, ten generations in one hour of October and November each, with all that one can say.

    Two of the ten fail, for a reason each.
    """
    for model in ("acme/m1", "acme/m2"):
        if not AIModel.objects.filter(model_id=model).exists():
            AIModelFactory(model_id=model)
    items = []
    for model in ("acme/m1", "acme/m2"):
        for month in (OCTOBER, NOVEMBER):
            for number in range(10):
                at = month + timedelta(days=3, hours=7, minutes=number)
                one = done(f"{model} {month:%m} {number}", at, model_id=model, generation_time=number * 7)
                one |= {"quality": "high", "duration": 5, "queue_time": 1.5, "cost_usd": "0.9", "credits": 60}
                if number in {3, 4}:
                    one |= {"success": False, "error_code": f"timeout_{number}"}
                items.append(one)
    assert record_many(items, now=NOW).recorded == len(items)


def findings(**options: Any) -> list[str]:
    return list(Verification(**options).findings())


def sums() -> list[Any]:
    """All the sums that there are."""
    tables = (UsageCounter, UsageRollup, UsageErrorCount)
    found = [list(table.objects.order_by("pk").values()) for table in tables]
    for rollup in found[1]:
        rollup["sketch"] = sketch.read(rollup["sketch"])
    return found


@contextmanager
def undone() -> Iterator[None]:
    """What is done within is rolled back, so that one test can try many things on the same rows."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def drop_partitions() -> None:
    """So that a test makes its own; what is recorded lies in the rest. Rolled back with the test."""
    if partitions.partitioned(connection):
        for name in partitions.standing(connection).values():
            sql(f"DROP TABLE {name}")


def where_they_lie() -> dict[str, int]:
    """How many generations there are in each part of the table."""
    return dict(rows("SELECT tableoid::regclass::text, COUNT(*) FROM generations GROUP BY 1"))
