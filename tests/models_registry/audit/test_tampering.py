"""A thousand random tamperings with the trail, each done past all code, found, and undone."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, QuerySet

from models_registry.audit.models import AuditEntry, AuditHead, Book
from tests.factories import untraced
from tests.models_registry.audit import trail

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TAMPERINGS = 300
BATCHES = 2  # for as many processes
COLUMNS = [field.name for field in AuditEntry._meta.concrete_fields]
FREE_NUMBERS = [-5, 0, 900, 10**15]


def rows() -> "QuerySet[AuditEntry]":
    return untraced(AuditEntry)


def some(chance: random.Random, number: int = 1) -> list[AuditEntry]:
    return chance.sample(list(rows().order_by("book", "number")), number)


def edit(chance: random.Random) -> str:
    """Another value in any column of any entry."""
    [entry], column = some(chance), chance.choice(COLUMNS)
    value = getattr(entry, column)
    rows().filter(pk=entry.pk).update(**{column: another(chance, column, value)})
    return f"edit {column} of {entry.pk}"


def another(chance: random.Random, column: str, value: Any) -> Any:
    if column in {"before", "after"}:
        texts = (
            ["", "[1]"] if value is None else [None, "", "[1]", f"{value} ", value.replace("0", "1") + "\n"]
        )
        return chance.choice(texts)
    others = {
        "number": FREE_NUMBERS,
        "at": [value + timedelta(microseconds=1), value - timedelta(days=1)] if column == "at" else [],
        "book": ["other", "", "CATALOGUE"],
        "digest": ["", str(value)[::-1], f"{str(value)[1:]}g"],
    }
    return chance.choice(others.get(column) or [f"{value}x", f"~{str(value)[1:]}", f"{str(value).upper()} "])


def delete(chance: random.Random) -> str:
    [entry] = some(chance)
    rows().filter(pk=entry.pk).delete()
    return f"delete {entry.pk}"


def insert_copy(chance: random.Random) -> str:
    """A copy under a new number, or as the one that would come next."""
    [entry] = some(chance)
    head = AuditHead.objects.get(pk=entry.book)
    entry.number = chance.choice([*FREE_NUMBERS, head.number + 1])
    entry.id = f"{entry.book}-{entry.number}"
    rows().bulk_create([entry])
    if chance.random() < 0.5:
        AuditHead.objects.filter(pk=entry.book).update(number=max(entry.number, head.number))
    return f"insert a copy as {entry.pk}"


def swap_contents(chance: random.Random) -> str:
    one, other = some(chance, 2)
    for place, source in ((one, other), (other, one)):
        taken = {name: getattr(source, name) for name in COLUMNS if name not in {"id", "book", "number"}}
        rows().filter(pk=place.pk).update(**taken)
    return f"swap the contents of {one.pk} and {other.pk}"


def swap_numbers(chance: random.Random) -> str:
    book = chance.choice(Book.values)
    one, other = chance.sample(trail.entries(book), 2)
    for place, number in ((one, -1), (other, one.number), (one, other.number)):
        rows().filter(pk=place.pk).update(number=number)
    return f"swap the numbers of {one.pk} and {other.pk}"


def cut_tail(chance: random.Random) -> str:
    book = chance.choice(Book.values)
    kept = chance.randrange(len(trail.entries(book)))
    rows().filter(book=book, number__gt=kept).delete()
    return f"cut {book} behind {kept}"


def close_gap(chance: random.Random) -> str:
    """Take an entry out and move all that follow one place forward, the head, too.

    Not the last one: whoever cuts the end off and mends the head is given away by anchors alone.
    """
    entry = chance.choice(trail.entries(chance.choice(Book.values))[:-1])
    rows().filter(pk=entry.pk).delete()
    for later in trail.entries(entry.book)[entry.number - 1 :]:
        rows().filter(pk=later.pk).update(number=F("number") - 1, id=f"{later.book}-{later.number - 1}")
    last = trail.entries(entry.book)[-1]
    AuditHead.objects.filter(pk=entry.book).update(number=last.number, digest=last.digest)
    return f"take out {entry.pk} and close the gap"


def edit_head(chance: random.Random) -> str:
    head = chance.choice(list(AuditHead.objects.order_by("pk")))
    changes: dict[str, Any] = chance.choice(
        [
            {"number": head.number + chance.choice([-1, 1, -head.number])},
            {"digest": head.digest[::-1]},
            {"digest": ""},
            {"book": "other"},
        ]
    )
    AuditHead.objects.filter(pk=head.pk).update(**changes)
    return f"edit the head {head} to {changes}"


def delete_head(chance: random.Random) -> str:
    head = chance.choice(list(AuditHead.objects.order_by("pk")))
    head.delete()
    return f"delete the head {head}"


WAYS: list[Callable[[random.Random], str]] = [
    *[edit] * 6,
    delete,
    insert_copy,
    swap_contents,
    swap_numbers,
    cut_tail,
    close_gap,
    edit_head,
    delete_head,
]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_tampering_is_found(batch: int) -> None:
    chance, unseen = random.Random(f"tampering {batch}"), []
    trail.lay()
    assert 50 <= AuditEntry.objects.count() <= 70
    for _ in range(TAMPERINGS // BATCHES):
        with transaction.atomic():
            done = chance.choice(WAYS)(chance)
            if trail.holds():
                unseen.append(done)
            transaction.set_rollback(True)
    assert unseen == []
    assert trail.findings() == []


@pytest.mark.parametrize("way", sorted(set(WAYS), key=lambda way: way.__name__))
def test_each_way_of_tampering_changes_something(way: Callable[[random.Random], str]) -> None:
    trail.lay()
    before = list(rows().order_by("pk").values()), list(AuditHead.objects.order_by("pk").values())
    way(random.Random("once"))
    assert before != (list(rows().order_by("pk").values()), list(AuditHead.objects.order_by("pk").values()))
