"""Rows that can't be changed without a trace."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models, transaction

from models_registry.audit import ledger
from models_registry.audit.models import Book, State
from models_registry.values import decimal_text, rfc3339, same

M = TypeVar("M", bound="Audited")


class BulkWriteRefused(Exception):
    """A write of many rows at once would go around the audit trail and the rules."""

    def __init__(self, model: type[models.Model], call: str) -> None:
        super().__init__(
            f"{model.__name__}.objects.{call} would leave no trace in the audit trail. "
            "Write through the services: one row, or many at once."
        )


class AuditedQuerySet(models.QuerySet[M]):
    """Refuses what changes many rows in one statement, past `save` and `delete`."""

    def update(self, **values: Any) -> int:
        """Raises BulkWriteRefused, unless only columns are written that the trail leaves out."""
        if not values.keys() <= self.model.unaudited:
            raise BulkWriteRefused(self.model, "update()")
        return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise BulkWriteRefused(self.model, "delete()")

    def bulk_create(self, objs: Iterable[M], *_: Any, **__: Any) -> list[M]:
        raise BulkWriteRefused(self.model, "bulk_create()")

    def bulk_update(self, objs: Iterable[M], fields: Iterable[str], *_: Any, **__: Any) -> int:
        raise BulkWriteRefused(self.model, "bulk_update()")


class Audited(models.Model):
    """Base of every table whose changes are recorded: each save and delete writes an entry along with it.

    The `objects` of each has to be made of an `AuditedQuerySet`.
    """

    audit_book: ClassVar[Book] = Book.CATALOGUE
    audit_kind: ClassVar[str]
    # Columns that move by themselves: a change of nothing but these is no change.
    unaudited: ClassVar[frozenset[str]] = frozenset({"updated_at", "priced_at", "version_number"})
    # What says enough of a row that comes or goes; empty: everything.
    audit_summary: ClassVar[tuple[str, ...]] = ()
    # The dotted name of what says an entry in a line of its own; it says "" of what is told as usual.
    audit_teller: ClassVar[str] = ""

    class Meta:
        abstract = True

    @classmethod
    def audited_names(cls) -> frozenset[str]:
        """The names of the columns that the trail keeps."""
        columns = [field for field in cls._meta.concrete_fields if not field.primary_key]
        return frozenset(field.name for field in columns) - cls.unaudited

    def audit_subject(self) -> str:
        """By which name people know the row."""
        return str(self)

    def audit_state(self) -> State:
        """The row in JSON's types: money as text, times in UTC."""
        names = self.audited_names()
        return {
            field.name: in_json(getattr(self, field.attname))
            for field in self._meta.concrete_fields
            if field.name in names
        }

    @classmethod
    def audit_label(cls, name: str) -> str:
        """How people call the field `name` of a state."""
        try:
            field = cls._meta.get_field(name)
        except FieldDoesNotExist:
            return name.replace("_", " ")
        return str(getattr(field, "verbose_name", name))

    @classmethod
    def audit_action(cls, before: State | None, after: State | None) -> str:
        """What to call the step from one state to the other."""
        if before is None:
            return "create"
        return "delete" if after is None else "change"

    @classmethod
    def stand_in_line(cls) -> None:
        """Wait for the other writers of the table; asked of whoever writes outside of any transaction."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the row and its trail; afterwards it shows what the database made of it, times included."""
        with self._turn(savepoint=False):
            before = None if kwargs.get("force_insert") else self._stored()
            super().save(*args, **kwargs)
            self.show(type(self)._base_manager.get(pk=self.pk))
            record_step(before, self)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with self._turn(savepoint=True):  # whoever catches a ProtectedError may go on
            before = self._stored()
            deleted = super().delete(*args, **kwargs)
            record_step(before, None)
            return deleted

    @contextmanager
    def _turn(self, *, savepoint: bool) -> Iterator[None]:
        is_alone = not connection.in_atomic_block
        with transaction.atomic(savepoint=savepoint):
            if is_alone:
                self.stand_in_line()
            yield

    def _stored(self) -> Self | None:
        """What stands in the database, locked: what was loaded some time ago may be out of date."""
        if self.pk is None:
            return None
        # Not in the usual order, which may come from another table: only this row is locked. Its key stays,
        # so that rows that point to it can be stored meanwhile.
        return (
            type(self)._base_manager.select_for_update(no_key=True).filter(pk=self.pk).order_by("pk").first()
        )

    def show(self, stored: "Audited") -> None:
        """Hold what `stored`, the same row, holds."""
        for field in self._meta.concrete_fields:
            setattr(self, field.attname, getattr(stored, field.attname))


def audited_classes() -> list[type[Audited]]:
    """Every table whose changes are recorded."""
    return [model for model in apps.get_models() if issubclass(model, Audited)]


def record_step(before: Audited | None, after: Audited | None) -> None:
    """Write down how a row went from `before` to `after`, unless nothing changed."""
    row = after or before
    if row is None:
        return
    if before and after and before.audit_subject() != after.audit_subject():
        # It leaves the history of the one and comes into the other's.
        record_step(before, None)
        record_step(None, after)
        return
    was = before.audit_state() if before else None
    now = after.audit_state() if after else None
    if not same(was, now):
        name = ledger.RowName(row.audit_kind, str(row.pk), row.audit_subject())
        action = row.audit_action(was, now)
        ledger.record_change(action, row=name, before=was, after=now, book=row.audit_book)


def in_json(value: Any) -> Any:
    """`value` of a column, in JSON's types."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
