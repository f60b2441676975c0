"""Many rows and their trail, stored in few statements: what `save` would leave, row after row."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from graphlib import TopologicalSorter
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models, transaction
from django.db.models.functions import Cast

from models_registry.audit import ledger
from models_registry.audit.audited import Audited, record_step
from models_registry.values import same

# Of an update each row looks for its own value among those of all: more would cost the square of it.
ROWS_A_STATEMENT = 200

T = TypeVar("T")
Rows = dict[int, Any]  # by primary key


class Draft(NamedTuple):
    """A row that is to be stored: a new one, or those of the `fields` of a standing one that have changed."""

    row: Audited
    fields: Collection[str] = ()


def store_all(drafts: Sequence[Draft]) -> None:
    """Store `drafts`, each row once, and write down their steps in their order.

    For tables whose `save` does nothing else. Needs an open transaction whose writers stand in line already.
    Of each table the rows that stand are read, they are written, and all are read again, ROWS_A_STATEMENT
    with a statement; on an engine that takes few parameters, fewer. They hold afterwards what was read.
    """
    before: dict[int, Any] = {}
    with transaction.atomic(savepoint=False), ledger.together():
        for ours in _by_table(drafts):
            before |= _store(ours)
        for draft in drafts:
            record_step(before.get(id(draft.row)), draft.row)


def _by_table(drafts: Sequence[Draft]) -> Iterable[Sequence[Draft]]:
    """A table comes before those that point to it: their rows may need the keys of its new ones."""
    tables: dict[type[Audited], list[Draft]] = {}
    for draft in drafts:
        tables.setdefault(type(draft.row), []).append(draft)
    ordered = TopologicalSorter({table: _pointed_to(table) & tables.keys() for table in tables})
    return [tables[table] for table in ordered.static_order()]


def _pointed_to(table: type[Audited]) -> set[Any]:
    return {column.related_model for column in table._meta.concrete_fields if column.is_relation} - {table}


def _store(drafts: Sequence[Draft]) -> Rows:
    """Store rows of one table; returns what stood there, by the `id()` of each row that is not new."""
    table = type(drafts[0].row)
    rows: models.QuerySet[Any] = models.QuerySet(table)
    new = [draft.row for draft in drafts if draft.row.pk is None]
    standing = [draft for draft in drafts if draft.row.pk is not None]
    before = _read(rows.select_for_update(no_key=True), [draft.row for draft in standing])
    for draft in standing:
        _leave_unnamed(draft, before[draft.row.pk])
    rows.bulk_create(new, batch_size=ROWS_A_STATEMENT)
    _update(rows, [draft.row for draft in standing], before)
    after = _read(rows, [draft.row for draft in drafts])
    for draft in drafts:
        draft.row.show(after[draft.row.pk])
    return {id(draft.row): before[draft.row.pk] for draft in standing}


def _read(rows: "models.QuerySet[Any]", wanted: Sequence[Audited]) -> Rows:
    """The rows as they stand; what the wanted ones know of rows that they point to, these know as well.

    Not in the usual order, which may come from another table: only these rows are locked.
    """
    found: Rows = {}
    for part in parts(wanted, ROWS_A_STATEMENT):
        found |= rows.order_by("pk").in_bulk([row.pk for row in part])
    for row in wanted:
        for name, other in row._state.fields_cache.items():
            column = row._meta.get_field(name)
            if _value(row, column) == _value(found[row.pk], column):
                found[row.pk]._state.fields_cache.setdefault(name, other)
    return found


def _leave_unnamed(draft: Draft, standing: Audited) -> None:
    """A statement that changes a column writes it in all of its rows: in the others, what stands there."""
    for column in standing._meta.concrete_fields:
        if column.name not in draft.fields:
            setattr(draft.row, column.attname, _value(standing, column))


def _update(rows: "models.QuerySet[Any]", wanted: Sequence[Audited], before: Rows) -> None:
    changed = [
        column
        for column in rows.model._meta.concrete_fields
        if any(not same(_value(row, column), _value(before[row.pk], column)) for row in wanted)
    ]
    if not changed:
        return
    most = connection.features.max_query_params
    size = min(ROWS_A_STATEMENT, most // (2 * len(changed) + 1)) if most else ROWS_A_STATEMENT
    for part in parts(wanted, size):
        values = {column.name: _new_value(column, part) for column in changed}
        rows.filter(pk__in=[row.pk for row in part]).update(**values)


def _new_value(column: Any, rows: Sequence[Audited]) -> Any:
    """What `column` is set to: the same for all of `rows`, or of each what it holds."""
    values = [_value(row, column) for row in rows]
    if all(same(value, values[0]) for value in values):
        return models.Value(values[0], output_field=column)
    chosen = _OfEachRow(column, [(row.pk, value) for row, value in zip(rows, values, strict=True)])
    is_cast = connection.features.requires_casted_case_in_updates
    return Cast(chosen, output_field=column) if is_cast else chosen


def _value(row: Any, column: Any) -> Any:
    return getattr(row, column.attname)


class _OfEachRow(models.Expression):
    """The value of each row, by its key. Django's own `Case` resolves and copies an expression a value."""

    def __init__(self, column: Any, values: Sequence[tuple[int, Any]]) -> None:
        super().__init__(output_field=column)
        self.values = values

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column: Any = self.output_field
        key = connection.ops.quote_name(column.model._meta.pk.column)
        params = tuple(
            part
            for pk, value in self.values
            for part in (pk, column.get_db_prep_save(value, connection=connection))
        )
        return f"CASE {key} {'WHEN %s THEN %s ' * len(self.values)}END", params


def parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`items`, at most `size` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))
