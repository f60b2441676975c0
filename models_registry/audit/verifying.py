"""Does the trail hold? Walks both books and every audited row, and tells what doesn't fit together.

A book is a chain: each entry's digest is of its own columns and of the digest before it. So an entry that
was edited, removed, put in or moved breaks it; the head keeps the number and digest of the last one, so that
entries cut off the end are missed. Whoever can write to the database could compute the whole chain anew; an
anchor, a digest that was written down elsewhere, gives that away, too.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from models_registry.audit.models import AuditEntry, AuditHead, Book
from models_registry.audit.reading import UNREADABLE, pages
from models_registry.audit.unexplained import Row, gaps, unexplained_rows
from models_registry.values import shown

NUMBER = re.compile("[1-9][0-9]{0,17}")
DIGEST = re.compile("[0-9a-f]{64}")

Progress = Callable[[int, str], None]  # how many so far, of what


class Finding(NamedTuple):
    """What does not hold; `row` is given if it can be adopted, that is, explained after the fact."""

    text: str
    row: Row | None = None


class Anchor(NamedTuple):
    """An entry's place and digest, as somebody wrote them down."""

    book: str
    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.book}:{self.number}:{self.digest}"


def read_anchor(text: str) -> Anchor:
    """What `str` makes of an anchor. Raises ValueError for anything else."""
    book, _, rest = text.partition(":")
    number, _, digest = rest.partition(":")
    if book not in Book.values or not NUMBER.fullmatch(number) or not DIGEST.fullmatch(digest):
        raise ValueError(f"{shown(text)} is no BOOK:NUMBER:DIGEST.")
    return Anchor(book, int(number), digest)


def silent(done: int, what: str) -> None:
    pass


class Verification:
    """One walk. What it has counted is complete once `findings` is."""

    def __init__(self, *, anchors: Sequence[Anchor] = (), progress: Progress = silent) -> None:
        self.entries = self.rows = 0
        self.newest: list[Anchor] = []  # of each book
        self._anchors = {(anchor.book, anchor.number): anchor for anchor in anchors}
        self._progress = progress

    def findings(self) -> Iterator[Finding]:
        yield from self._strangers()
        for book in Book.values:
            yield from self._book(book)
        for anchor in self._anchors.values():  # those that were met are gone
            yield Finding(f"{anchor}: there is no such entry any more")
        for found in unexplained_rows(self._count_rows):
            yield Finding(found.told, found.row if found.can_be_adopted else None)

    def ends(self) -> Iterator[Finding]:
        """What a look at the last entry of each book and at its head tells; quick, however long they are."""
        for book in Book.values:
            head = AuditHead.objects.filter(pk=book).first() or AuditHead(pk=book)
            below = AuditEntry.objects.filter(book=book, number__lte=head.number).order_by("-number")
            newest = below.values_list("number", "digest").first() or (0, "")
            last = Anchor(book, *newest)
            self.newest += [last] if last.number else []
            yield from _end(head, last)

    def _count_rows(self, number: int) -> None:
        self.rows += number
        self._progress(self.rows, "rows")

    def _strangers(self) -> Iterator[Finding]:
        for entry_id in AuditEntry.objects.exclude(book__in=Book.values).values_list("pk", flat=True):
            yield Finding(f"entry {shown(entry_id)} stands in no book that there is")
        for name in AuditHead.objects.exclude(pk__in=Book.values).values_list("pk", flat=True):
            yield Finding(f"the head {shown(name)} belongs to no book that there is")

    def _book(self, book: str) -> Iterator[Finding]:
        # Read first: what is written while we walk stands behind it, and has nothing to do with us.
        head = AuditHead.objects.filter(pk=book).first() or AuditHead(pk=book)
        last = Anchor(book, 0, "")
        for page in pages(_entries(book).filter(number__lte=head.number)):
            for key in page.unreadable:
                yield Finding(f"entry {shown(key)} was edited: it can't be read any more")
            for entry in page.rows:
                yield from self._entry(entry, last)
                last = Anchor(book, max(last.number, entry.number), entry.digest)
            for entry, row, told in gaps(page.rows):
                yield Finding(f"{row} was changed past the trail before {_name(entry)}: {told}", row)
            self.entries += len(page.rows) + len(page.unreadable)
            self._progress(self.entries, "entries")
        self.newest += [last] if last.number else []
        yield from _end(head, last)

    def _entry(self, entry: AuditEntry, last: Anchor) -> Iterator[Finding]:
        anchor = self._anchors.pop((entry.book, entry.number), None)
        if anchor is not None and anchor.digest != entry.digest:
            yield Finding(f"{anchor}: that entry has the digest {shown(entry.digest)} now")
        if entry.number <= last.number:
            yield Finding(f"{_name(entry)} was put in: {entry.number} is no number that comes next")
        elif entry.number > last.number + 1:
            yield Finding(_missing(entry.book, last.number + 1, entry.number - 1))
        elif not _fits(entry, last.digest):
            yield Finding(f"{_name(entry)} was edited, or stands in another's place ({_gist(entry)})")


def _entries(book: str) -> "QuerySet[AuditEntry]":
    """The entries of `book` in their order; `previous` is the number of the one before about the same row."""
    same_row = AuditEntry.objects.filter(
        kind=OuterRef("kind"), row_id=OuterRef("row_id"), book=OuterRef("book")
    )
    previous = same_row.filter(number__lt=OuterRef("number")).order_by("-number").values("number")[:1]
    return AuditEntry.objects.filter(book=book).annotate(previous=Subquery(previous)).order_by("number", "id")


def _fits(entry: AuditEntry, digest_before: str) -> bool:
    try:
        return entry.digest == entry.digest_after(digest_before)
    except UNREADABLE:
        return False


def _end(head: AuditHead, last: Anchor) -> Iterator[Finding]:
    """What is wrong between the last entry that was met and the head of the book."""
    if last.number < head.number:
        yield Finding(_missing(last.book, last.number + 1, head.number))
    elif last.digest != head.digest:
        yield Finding(f"the head of {last.book} has another digest than its last entry, {last.number}")
    # One statement: an entry and the head that counts it are committed together.
    head_now = Subquery(AuditHead.objects.filter(pk=last.book).values("number"))
    behind = AuditEntry.objects.filter(book=last.book).annotate(head=head_now)
    behind = behind.filter(Q(head=None) | Q(number__gt=F("head")))
    for entry_id in behind.order_by("number").values_list("pk", flat=True):
        yield Finding(f"entry {shown(entry_id)} stands behind the head of its book, which is {head.number}")


def _missing(book: str, first: int, last: int) -> str:
    if first == last:
        return f"{book} {first} is missing: it was removed"
    return f"{book} {first} to {last} are missing: they were removed"


def _name(entry: AuditEntry) -> str:
    return f"{entry.book} {entry.number}"


def _gist(entry: AuditEntry) -> str:
    return shown(" ".join(filter(None, (entry.action, entry.kind, entry.subject))))
