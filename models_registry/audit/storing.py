"""Many rows and their trail, stored in few statements: what `save` would leave, row after row."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from models_registry.audit import ledger
from models_registry.audit.audited import Audited, record_step

# Of an update each row looks for its own values among those of all: more would cost the square of it.
ROWS_A_STATEMENT = 200


class Draft(NamedTuple):
    """A row that is to be stored: a new one, or the `fields` of one that stands."""

    row: Audited
    fields: Collection[str] = ()


def store_all(drafts: Sequence[Draft]) -> None:
    """Store `drafts`, each row at most once, and write down their steps in their order.

    For tables whose `save` does nothing else. Needs an open transaction whose writers stand in line already.
    Statements: the row that stood before and the row as it was stored are read, and one is written, every
    ROWS_A_STATEMENT rows of a table, and as many for all entries of the trail. Rows show afterwards what the
    database made of them.
    """
    with transaction.atomic(savepoint=False), ledger.together():
        before = {}
        for _, ours in groupby(sorted(drafts, key=_table), key=_table):
            before |= _store(list(ours))
        for draft in drafts:
            record_step(before[id(draft.row)], draft.row)


def _table(draft: Draft) -> str:
    return draft.row._meta.label


def _store(drafts: Sequence[Draft]) -> dict[int, Audited | None]:
    """Store rows of one table; returns what stood there, by the `id()` of each row."""
    table: Any = type(drafts[0].row)
    rows: QuerySet[Any] = QuerySet(table)
    new = [draft.row for draft in drafts if draft.row.pk is None]
    standing = [draft for draft in drafts if draft.row.pk is not None]
    before = _read(rows.select_for_update(no_key=True), [draft.row for draft in standing])
    rows.bulk_create(new, batch_size=ROWS_A_STATEMENT)
    for fields, alike in groupby(sorted(standing, key=_fields), key=_fields):
        rows.bulk_update([draft.row for draft in alike], fields, batch_size=ROWS_A_STATEMENT)
    stored = _read(rows, [draft.row for draft in drafts])
    for draft in drafts:
        draft.row.show(stored[draft.row.pk])
    is_new = set(map(id, new))
    return {id(draft.row): None if id(draft.row) in is_new else before[draft.row.pk] for draft in drafts}


def _fields(draft: Draft) -> list[str]:
    return sorted(draft.fields)


def _read(rows: "QuerySet[Any]", wanted: Sequence[Audited]) -> Mapping[int, Any]:
    """The rows as they stand, by key; what the wanted ones know of rows that they point to, these know, too.

    Not in the usual order, which may come from another table: only these rows are locked.
    """
    found: dict[int, Any] = {}
    for part in _parts(wanted):
        found |= rows.order_by("pk").in_bulk([row.pk for row in part])
    for row in wanted:
        for name, other in row._state.fields_cache.items():
            stored = found[row.pk]
            if getattr(stored, _column(row, name)) == getattr(row, _column(row, name)):
                stored._state.fields_cache.setdefault(name, other)
    return found


def _column(row: Audited, name: str) -> str:
    field: Any = row._meta.get_field(name)
    return str(field.attname)


def _parts(rows: Sequence[Audited]) -> Iterator[Sequence[Audited]]:
    return (rows[start : start + ROWS_A_STATEMENT] for start in range(0, len(rows), ROWS_A_STATEMENT))
