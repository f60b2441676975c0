"""Sketches in the database: PostgreSQL adds numbers of any length, SQLite gets functions of ours that do."""

from collections import Counter
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate

from models_registry.usage import sketch

# All the digits that a sketch can have, on both sides of the point.
EXACT = Context(prec=2 * 900 * sketch.DIGITS)


class SketchField(models.Field):
    """The text that `sketch.written` makes and `sketch.read` reads."""

    description = "A histogram of times"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric" if connection.vendor == "postgresql" else "text"

    def from_db_value(self, value: Any, *_: Any) -> str | None:
        return format(value, "f") if isinstance(value, Decimal) else value

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else str(value)


class Merged(Aggregate):
    """All the sketches of a group in one; None if there are none."""

    function = "SUM"
    name = "Merged"
    output_field = SketchField()

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="sketch_sum", **extra)


def add(one: str, other: str) -> str:
    return format(EXACT.add(Decimal(one), Decimal(other)), "f")


def plain(text: str) -> str:
    """The sketch as sums of sketches are written, so that equal ones are equal texts; NaN if it is none."""
    try:
        return format(Decimal(text), "f")
    except InvalidOperation:
        return "NaN"


class _OfBuckets:
    """SQLite's aggregate that makes a sketch of buckets."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def step(self, bucket: int) -> None:
        self.counts[bucket] += 1

    def finalize(self) -> str:
        return plain(sketch.written(self.counts))


class _Sum:
    """SQLite's aggregate that merges sketches."""

    def __init__(self) -> None:
        self.sum: Decimal | None = None

    def step(self, text: str | None) -> None:
        if text is not None:
            self.sum = Decimal(text) if self.sum is None else EXACT.add(self.sum, Decimal(text))

    def finalize(self) -> str | None:
        return None if self.sum is None else format(self.sum, "f")


def teach_sqlite(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("sketch_add", 2, add, deterministic=True)
        connection.connection.create_function("sketch_plain", 1, plain, deterministic=True)
        connection.connection.create_aggregate("sketch_sum", 1, _Sum)
        connection.connection.create_aggregate("sketch_of", 1, _OfBuckets)
