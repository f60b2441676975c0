"""Audited rows that are not as the trail has them: somebody changed them past it, say by raw SQL."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast

from models_registry.audit import ledger, wording
from models_registry.audit.audited import Audited, audited_classes, in_json
from models_registry.audit.models import AuditEntry, Book, State, read_state
from models_registry.audit.reading import UNREADABLE, pages
from models_registry.transactions import same_again, whole
from models_registry.values import same, shown

ADOPT = "adopt"


class Row(NamedTuple):
    """A row as entries name it."""

    book: str
    kind: str
    row_id: str
    subject: str

    def __str__(self) -> str:
        return f"{wording.kind_name(self.kind)} {self.subject} (row {self.row_id})"


class Unexplained(NamedTuple):
    """A row that no entry explains: what the trail says it is, what it is, and that in words."""

    row: Row
    before: State | None
    after: State | None
    told: str

    @property
    def can_be_adopted(self) -> bool:
        """Not if it can't even be read."""
        return self.before is not None or self.after is not None


def unexplained_rows(count: Callable[[int], None] = lambda number: None) -> Iterator[Unexplained]:
    """Compare every audited row with the last entry about it; `count` is told how many were read."""
    for model in audited_classes():
        yield from _present_rows(model, count)
        yield from _vanished_rows(model)


def adopt(rows: Iterable[Row] = ()) -> list[Unexplained]:
    """Write an entry for every row that none explains, and for `rows`; returns those adopted, told in words.

    The entry explains the row as it stands and settles earlier gaps between entries about it. Entries that
    were edited or removed stay so.
    """
    return _adopted(list(dict.fromkeys(rows)))


@whole
def _adopted(rows: Sequence[Row]) -> list[Unexplained]:
    for book in Book.values:  # nobody else's change is committed until ours is
        ledger.locked_head(book)
    adopted = [found for found in unexplained_rows() if found.can_be_adopted]
    known = {(found.row.kind, found.row.row_id) for found in adopted}
    adopted += [_settled(row) for row in rows if (row.kind, row.row_id) not in known]
    with ledger.together():
        for found in adopted:
            _adopt(found)
    return adopted


@same_again
def rehearse_adoption(rows: Iterable[Row] = ()) -> list[Unexplained]:
    """Do all that `adopt` does, then undo it."""
    adopted = adopt(rows)
    transaction.set_rollback(True)
    return adopted


def _adopt(found: Unexplained) -> None:
    name = ledger.RowName(found.row.kind, found.row.row_id, found.row.subject)
    book = Book(found.row.book)
    ledger.record_change(ADOPT, row=name, before=found.before, after=found.after, book=book)


def _settled(row: Row) -> Unexplained:
    """A row that stands as its last entry says, though earlier entries don't follow from each other."""
    about = AuditEntry.objects.of_row(row.kind, row.row_id).filter(book=row.book)
    state = read_state(about.order_by("-number").values_list("after", flat=True)[0])
    return Unexplained(row, state, state, f"{row}: how it came to stand as it does")


# --- Rows that are there ---------------------------------------------------------------------------------


def _present_rows(model: type[Audited], count: Callable[[int], None]) -> Iterator[Unexplained]:
    for page in pages(_with_last_number(model)):
        count(len(page.rows) + len(page.unreadable))
        for key in page.unreadable:
            name = Row(model.audit_book, model.audit_kind, str(key), "")
            yield Unexplained(name, None, None, f"{name} can't be read: a value does not fit its column")
        last = _entries_by_number(model, [getattr(row, "audit_last", None) for row in page.rows])
        for row in page.rows:
            yield from _compare(row, last.get(getattr(row, "audit_last", None)))


def _with_last_number(model: type[Audited]) -> "QuerySet[Audited]":
    """All rows with the number of the last entry about each, in one statement and so of one moment."""
    about = AuditEntry.objects.filter(
        kind=model.audit_kind, row_id=Cast(OuterRef("pk"), CharField()), book=model.audit_book
    )
    # Their names may be those of rows they point to.
    pointers = [field.name for field in model._meta.concrete_fields if field.is_relation]
    rows = model._base_manager.select_related(*pointers) if pointers else model._base_manager.all()
    return rows.annotate(audit_last=Subquery(about.order_by("-number").values("number")[:1])).order_by("pk")


def _entries_by_number(model: type[Audited], numbers: Sequence[Any]) -> dict[Any, tuple[str, str | None]]:
    """Subject and state as the entries have them; the columns that could be unreadable are not read."""
    found = AuditEntry.objects.filter(book=model.audit_book, number__in=[n for n in numbers if n is not None])
    return {
        number: (subject, after) for number, subject, after in found.values_list("number", "subject", "after")
    }


def _compare(row: Audited, last: tuple[str, str | None] | None) -> Iterator[Unexplained]:
    name = Row(row.audit_book, row.audit_kind, str(row.pk), ledger.fitting("subject", row.audit_subject()))
    after = read_state(ledger.written(row.audit_state())) or {}
    if last is None or last[1] is None:
        yield Unexplained(name, None, after, f"{name} is there, but no entry tells of it")
        return
    before = {**_defaults(row), **(read_state(last[1]) or {})}
    if not same(before, after):
        steps = "; ".join(wording.differences(row.audit_kind, before, after))
        yield Unexplained(name, before, after, f"{name} was changed past the trail: {steps}")
    elif last[0] != name.subject:
        told = f"{name} was changed past the trail: it belonged to {shown(last[0])}"
        yield Unexplained(name, before, after, told)


def _defaults(row: Audited) -> State:
    """A column that was added after the last entry holds its default."""
    state = row.audit_state()
    return {
        field.name: in_json(field.get_default())
        for field in row._meta.concrete_fields
        if field.name in state and (field.has_default() or field.null) and not field.has_db_default()
    }


# --- Rows that are gone ----------------------------------------------------------------------------------


def _vanished_rows(model: type[Audited]) -> Iterator[Unexplained]:
    later = AuditEntry.objects.filter(
        kind=OuterRef("kind"), row_id=OuterRef("row_id"), number__gt=OuterRef("number"), book=model.audit_book
    )
    about = AuditEntry.objects.filter(kind=model.audit_kind, book=model.audit_book, after__isnull=False)
    last = about.exclude(row_id="").filter(~Exists(later)).order_by("number")
    for page in pages(last):
        standing = _standing(model, [entry.row_id for entry in page.rows])
        for entry in page.rows:
            # Asked again: the row may have been deleted, properly, since the page was read.
            if entry.row_id not in standing and last.filter(pk=entry.pk).exists():
                row = Row(entry.book, entry.kind, entry.row_id, entry.subject)
                told = f"{row} is gone, but no entry tells of its deletion"
                yield Unexplained(row, entry.state_after, None, told)


def _standing(model: type[Audited], row_ids: Iterable[str]) -> set[str]:
    """Those of `row_ids` that are primary keys of rows."""
    keys = []
    for text in row_ids:
        try:
            keys.append(model._meta.pk.clean(text, None))
        except (ValidationError, *UNREADABLE):
            continue  # an entry that was tampered with; no row has such a key
    return {str(pk) for pk in model._base_manager.filter(pk__in=keys).values_list("pk", flat=True)}


# --- Gaps ------------------------------------------------------------------------------------------------


def gaps(entries: Sequence[AuditEntry]) -> Iterator[tuple[AuditEntry, Row, str]]:
    """Those of `entries` whose row was not as the entry about it before had left it, and nobody adopted that.

    Each has the number of that one as `previous`.
    """
    found = [entry for entry in entries if entry.row_id]
    previous = _previous_of(found)
    for entry in found:
        told = _gap(entry, previous.get((entry.book, getattr(entry, "previous", None))))
        if told and not _is_settled(entry):
            yield entry, Row(entry.book, entry.kind, entry.row_id, entry.subject), told


def _previous_of(entries: Sequence[AuditEntry]) -> dict[tuple[str, Any], tuple[str, str | None]]:
    numbers = [number for entry in entries if (number := getattr(entry, "previous", None)) is not None]
    books = {entry.book for entry in entries}
    found = AuditEntry.objects.filter(book__in=books, number__in=numbers)
    columns = found.values_list("book", "number", "subject", "after")
    return {(book, number): (subject, after) for book, number, subject, after in columns}


def _gap(entry: AuditEntry, previous: tuple[str, str | None] | None) -> str | None:
    before = entry.state_before
    if previous is None:
        return None if before is None else "the row was there before any entry told of it"
    left = read_state(previous[1])
    if entry.before == previous[1] and (before is None or entry.subject == previous[0]):
        return None
    if left is None or before is None:
        return "the row came or went in between" if (left is None) != (before is None) else None
    # A column that was added in between stands in the later entry alone.
    steps = wording.differences(entry.kind, {**dict.fromkeys(before), **left}, before)
    if entry.subject != previous[0]:
        steps.append(f"it belonged to {shown(previous[0])}")
    return "; ".join(steps) or None


def _is_settled(entry: AuditEntry) -> bool:
    about = AuditEntry.objects.of_row(entry.kind, entry.row_id)
    return about.filter(book=entry.book, action=ADOPT, number__gte=entry.number).exists()
