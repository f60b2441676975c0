"""Reading tables that somebody may have tampered with: a part at a time, and past rows that can't be read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from django.db import DataError
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)

ROWS_A_PAGE = 500
# What comes of values that their column can't mean: SQLite stores a word in a column of times.
UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, DataError)


@dataclass
class Page(Generic[M]):
    """Some rows in their order; `unreadable` holds the primary keys of those that can't be read."""

    rows: Sequence[M]
    unreadable: Sequence[Any] = ()


def pages(rows: "QuerySet[M]") -> Iterator[Page[M]]:
    """All of `rows`, which are in a total order, without holding more than a page in memory."""
    keys = rows.values_list("pk", flat=True).iterator(chunk_size=ROWS_A_PAGE)
    while some := list(islice(keys, ROWS_A_PAGE)):
        yield _page(rows, some)


def _page(rows: "QuerySet[M]", keys: Sequence[Any]) -> Page[M]:
    try:
        return Page(list(rows.filter(pk__in=keys)))
    except UNREADABLE:
        return _page_by_row(rows, keys)


def _page_by_row(rows: "QuerySet[M]", keys: Sequence[Any]) -> Page[M]:
    readable: list[M] = []
    unreadable = []
    for key in keys:
        try:
            readable += rows.filter(pk=key)
        except UNREADABLE:
            unreadable.append(key)
    return Page(readable, unreadable)
