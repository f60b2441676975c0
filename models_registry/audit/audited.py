"""Rows that can't be changed without a trace."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar

from django.db import models, transaction

from models_registry.audit import ledger
from models_registry.audit.models import Book, State
from models_registry.values import decimal_text, same

M = TypeVar("M", bound="Audited")


class BulkWriteRefused(Exception):
    """A write of many rows at once would go around the audit trail and the rules."""

    def __init__(self, model: type[models.Model], call: str) -> None:
        super().__init__(
            f"{model.__name__}.objects.{call} would leave no trace in the audit trail. "
            "Write row by row, through the services."
        )


class AuditedQuerySet(models.QuerySet[M]):
    """Refuses what changes many rows in one statement, past `save` and `delete`."""

    def update(self, **values: Any) -> int:
        """Raises BulkWriteRefused, unless only columns are written that the trail leaves out."""
        if self.model.audited_names() & values.keys():
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
    unaudited: ClassVar[frozenset[str]] = frozenset(
        {"created_at", "updated_at", "priced_at", "version_number"}
    )

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
    def audit_action(cls, before: State | None, after: State | None) -> str:
        """What to call the step from one state to the other."""
        if before is None:
            return "create"
        return "delete" if after is None else "change"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the row and its trail; afterwards it shows what the database made of it, times included."""
        with transaction.atomic(savepoint=False):
            before = None if kwargs.get("force_insert") else self._stored_state()
            super().save(*args, **kwargs)
            self._show(type(self)._base_manager.get(pk=self.pk))
            self._record(before, self.audit_state())

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():  # whoever catches a ProtectedError may go on
            row_id, before = self.pk, self._stored_state()
            deleted = super().delete(*args, **kwargs)
            self._record(before, None, row_id=row_id)
            return deleted

    def _stored_state(self) -> State | None:
        """What stands in the database, locked: what was loaded some time ago may be out of date."""
        if self.pk is None:
            return None
        stored = type(self)._base_manager.select_for_update().filter(pk=self.pk).first()
        return stored.audit_state() if stored else None

    def _show(self, stored: Self) -> None:
        for field in self._meta.concrete_fields:
            setattr(self, field.attname, getattr(stored, field.attname))

    def _record(self, before: State | None, after: State | None, *, row_id: object = None) -> None:
        if same(before, after):
            return
        row = ledger.RowName(self.audit_kind, str(row_id or self.pk), self.audit_subject())
        action = self.audit_action(before, after)
        ledger.record_change(action, row=row, before=before, after=after, book=self.audit_book)


def in_json(value: Any) -> Any:
    """`value` of a column, in JSON's types."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value
