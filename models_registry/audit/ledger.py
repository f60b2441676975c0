"""Writing the trail. An entry stands in the transaction of what it tells of: both come to be, or neither."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from models_registry.audit import occasion
from models_registry.audit.models import AuditEntry, AuditHead, Book, State, canonical
from models_registry.transactions import whole
from models_registry.values import UNSTORABLE, in_milliseconds


class RowName(NamedTuple):
    """Which row a change is of: its kind, its primary key, and by which name people know it."""

    kind: str
    row_id: str
    subject: str


ENTRIES_A_STATEMENT = 500

_collected: ContextVar[list[AuditEntry] | None] = ContextVar("collected", default=None)


def record_change(
    action: str, *, row: RowName, before: State | None, after: State | None, book: Book = Book.CATALOGUE
) -> None:
    """Write down that `row` went from `before` to `after`; None: there was, or is, no such row."""
    _record(
        book=book,
        action=action,
        **row._asdict(),
        before=written(before),
        after=written(after),
    )


def record_event(action: str, *, subject: str = "", kind: str = "", **facts: Any) -> None:
    """Write down something that changed no row: a sign-in, a refusal, an export."""
    _record(book=Book.ACCESS, action=action, kind=kind, subject=subject, facts=canonical(facts))


def written(state: State | None) -> str | None:
    """`state` as it stands in an entry."""
    return None if state is None else storable(canonical(state))


def storable(text: str) -> str:
    return UNSTORABLE.sub("\ufffd", text)


@contextmanager
def together() -> Iterator[None]:
    """Collect the entries of a long piece of work and write them at its end, in few statements.

    Belongs inside the transaction of that work; an exception drops the entries along with the work. Within a
    longer piece they are that one's.
    """
    longer = _collected.get()
    token = _collected.set([])
    try:
        yield
        collected = _collected.get() or []
    finally:
        _collected.reset(token)
    if longer is None:
        _append(collected)
    else:
        longer.extend(collected)


def _record(**columns: Any) -> None:
    entry = AuditEntry(**{name: fitting(name, value) for name, value in (_who_and_why() | columns).items()})
    collected = _collected.get()
    if collected is None or entry.book != Book.CATALOGUE:
        _append([entry])
    else:
        collected.append(entry)


def _who_and_why() -> dict[str, Any]:
    now = occasion.current()
    actor = now.find_actor()
    return {
        "at": in_milliseconds(timezone.now()),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor": actor.name,
        "source": now.source,
        "address": now.address,
        "request_id": now.request_id,
        "reason": now.find_reason(),
    }


def fitting(name: str, value: Any) -> Any:
    """A text as its column can hold it: what is tried against us must be written down whatever it holds."""
    if not isinstance(value, str):
        return value
    longest: int | None = getattr(AuditEntry._meta.get_field(name), "max_length", None)
    return storable(value)[:longest]


def _append(entries: Sequence[AuditEntry]) -> None:
    """Add `entries` of one book to the end of its chain."""
    if not entries:
        return
    if connection.in_atomic_block:
        with transaction.atomic(savepoint=False):
            _chain(entries)
    else:
        whole(_chain)(entries)


def _chain(entries: Sequence[AuditEntry]) -> None:
    head = locked_head(entries[0].book)
    for entry in entries:
        head.number += 1
        entry.number = head.number
        entry.id = f"{entry.book}-{entry.number}"
        entry.digest = head.digest = entry.digest_after(head.digest)
    AuditEntry.objects.bulk_create(entries, batch_size=ENTRIES_A_STATEMENT)
    head.save(update_fields=["number", "digest"])


def locked_head(book: str) -> AuditHead:
    """The end of the chain; until our transaction ends, nobody else's change of the book is committed."""
    heads = AuditHead.objects.select_for_update()
    head = heads.filter(pk=book).first()
    if head is not None:
        return head
    AuditHead.objects.get_or_create(pk=book)  # the very first entry
    return heads.get(pk=book)
