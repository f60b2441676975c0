import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.db import models

from models_registry.values import same

State = Mapping[str, Any]  # field → value, in JSON's types


class Book(models.TextChoices):
    """Two chains, so that nobody has to wait at the door while a long import holds the catalogue's."""

    CATALOGUE = "catalogue", "Catalogue and prices"
    ACCESS = "access", "Tokens, sign-ins, refusals, exports"


class NotAppendOnly(Exception):
    """Entries are only ever added."""


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def changes(self) -> "AuditEntryQuerySet":
        """What changed something; signing in, being refused and exporting change nothing."""
        return self.exclude(before=None, after=None)

    def about(self, *kinds: str, subject: str) -> "AuditEntryQuerySet":
        return self.filter(kind__in=kinds, subject=subject)

    def of_row(self, kind: str, row_id: object) -> "AuditEntryQuerySet":
        return self.filter(kind=kind, row_id=str(row_id))

    def update(self, **_: Any) -> int:
        raise NotAppendOnly("An audit entry is never changed.")

    def delete(self) -> Any:
        raise NotAppendOnly("An audit entry is never deleted.")

    def bulk_update(self, *_: Any, **__: Any) -> int:
        raise NotAppendOnly("An audit entry is never changed.")


class AuditEntry(models.Model):
    """One change, or one thing that was tried; written by `ledger` and by nobody else.

    `digest` is the SHA-256 of all other columns and of the digest before it in the same book. The states are
    texts, not JSON columns, because the digest is of what was written, to the byte.
    """

    id = models.CharField(primary_key=True, max_length=40, editable=False)  # book-number
    book = models.CharField(max_length=20, choices=Book.choices)
    number = models.BigIntegerField(help_text="Counts from 1 in each book, without gaps.")
    at = models.DateTimeField()
    action = models.CharField(max_length=40)
    kind = models.CharField(max_length=40, blank=True, help_text="What it happened to: model, rate, token…")
    subject = models.CharField(max_length=300, blank=True, help_text="By which name people know it.")
    row_id = models.CharField(max_length=40, blank=True)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=40, blank=True)
    actor = models.CharField(max_length=300)
    source = models.CharField(max_length=100)
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    before = models.TextField(null=True)  # noqa: DJ001 - null: there was no row
    after = models.TextField(null=True)  # noqa: DJ001 - null: there is no row any more
    facts = models.TextField(default="{}")
    digest = models.CharField(max_length=64)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        db_table = "audit_entries"
        ordering = ["-at", "-number", "book"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        constraints = [models.UniqueConstraint(fields=["book", "number"], name="audit_entries_number")]
        indexes = [
            models.Index(fields=["-at", "-number", "book"], name="audit_newest_first"),
            models.Index(fields=["subject", "kind", "-number"], name="audit_by_subject"),
            models.Index(fields=["kind", "row_id", "number"], name="audit_by_row"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.subject}".rstrip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NotAppendOnly("An audit entry is never changed.")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise NotAppendOnly("An audit entry is never deleted.")

    @property
    def state_before(self) -> State | None:
        return read_state(self.before)

    @property
    def state_after(self) -> State | None:
        return read_state(self.after)

    @property
    def told_facts(self) -> State:
        """What else is known of something that changed no row."""
        return read_state(self.facts) or {}

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What differs between before and after: `field`, `before`, `after`; null for what was not there."""
        before, after = self.state_before or {}, self.state_after or {}
        return [
            {"field": name, "before": before.get(name), "after": after.get(name)}
            for name in dict.fromkeys((*after, *before))
            if name not in before or name not in after or not same(before[name], after[name])
        ]

    def digest_after(self, previous: str) -> str:
        """What `digest` has to be behind an entry whose digest is `previous`."""
        columns = {
            field.name: getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if field.name != "digest"
        }
        content = canonical({**columns, "at": self.at.astimezone(UTC).isoformat(), "previous": previous})
        return hashlib.sha256(content.encode()).hexdigest()


class AuditHead(models.Model):
    """The last entry of each book: without it, nobody would miss entries that were cut off the end."""

    book = models.CharField(primary_key=True, max_length=20, choices=Book.choices)
    number = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        db_table = "audit_heads"

    def __str__(self) -> str:
        return f"{self.book}:{self.number}:{self.digest}"


def canonical(state: State) -> str:
    """The one way in which a state is written down."""
    return json.dumps(state, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def read_state(text: str | None) -> State | None:
    """The state that `text` tells of; an empty one if somebody made it unreadable, which verifying finds."""
    if text is None:
        return None
    try:
        return dict(json.loads(text))
    except (TypeError, ValueError, RecursionError):
        return {}
