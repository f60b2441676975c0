"""Operations of migrations for tables with rows in them, while everybody goes on reading and writing.

Migrations import this for good: what stands here keeps its meaning. On PostgreSQL the work is done in steps
that each commit by themselves, so such a migration says `atomic = False` and holds nothing else. One that
was cut off is run again: what stands is kept, an index that was left half built is dropped and built anew.
On SQLite, which has one lock for all writers anyway, they do what Django's own do.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import NotSupportedError, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.ddl_references import Statement
from django.db.migrations.operations import AddConstraint, AddIndex

UNIQUE_INDEX = (
    "CREATE UNIQUE INDEX CONCURRENTLY %(name)s ON %(table)s "
    "(%(columns)s)%(include)s%(nulls_distinct)s%(condition)s"
)


class AddIndexConcurrently(AddIndex):
    """An index that is built while others write; on a table in parts, one part after the other."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection = schema_editor.connection
        model = to_state.apps.get_model(app_label, self.model_name)
        if connection.vendor != "postgresql":
            with _once(connection, model, self.index.name) as is_missing:
                if is_missing:
                    super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(connection.alias, model):
            _refuse_transaction(connection, self)
            _build_in_parts(schema_editor, model, self.index)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection = schema_editor.connection
        model = from_state.apps.get_model(app_label, self.model_name)
        if connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(connection.alias, model):
            _refuse_transaction(connection, self)
            _drop(schema_editor, self.index.name, concurrently=not _is_in_parts(connection, model))

    def describe(self) -> str:
        return f"{super().describe()}, while others write"


class AddConstraintConcurrently(AddConstraint):
    """A check that holds for new rows at once, and is then looked up in all; or a unique index."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection = schema_editor.connection
        model = to_state.apps.get_model(app_label, self.model_name)
        if connection.vendor != "postgresql":
            with _once(connection, model, self.constraint.name) as is_missing:
                if is_missing:
                    super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(connection.alias, model):
            _refuse_transaction(connection, self)
            if isinstance(self.constraint, models.CheckConstraint):
                _check(schema_editor, model, self.constraint)
            elif isinstance(self.constraint, models.UniqueConstraint):
                _make_unique(schema_editor, model, self.constraint)
            else:
                raise NotSupportedError(f"{self.constraint.name} is neither a check nor unique.")

    def describe(self) -> str:
        return f"{super().describe()}, while others write"


# --- Indexes ---------------------------------------------------------------------------------------------


def _build_in_parts(editor: Any, model: type[models.Model], index: models.Index) -> None:
    """The index of a whole table in parts is an empty shell until each part has its own."""
    connection, table, shell = editor.connection, model._meta.db_table, index.name
    if not _is_in_parts(connection, model):
        _build(editor, index.create_sql(model, editor, concurrently=True), shell)
        return
    statement = index.create_sql(model, editor)
    only = statement.template.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS", 1)
    statement.template = only.replace("ON %(table)s", "ON ONLY %(table)s", 1)
    editor.execute(statement)
    for part in _parts_without(connection, table, shell):
        name = f"{shell}{part.removeprefix(table)}"
        statement = index.create_sql(model, editor, concurrently=True)
        statement.rename_table_references(table, part)
        statement.parts["name"] = editor.quote_name(name)
        _build(editor, statement, name)
        editor.execute(
            f"ALTER INDEX {editor.quote_name(shell)} ATTACH PARTITION {editor.quote_name(name)}", params=None
        )


def _build(editor: Any, statement: Statement, name: str) -> None:
    """Build the index of that name, unless it stands. One that was cut off stands, but is not valid."""
    found = _ask(
        editor.connection, "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [_name(name)]
    )
    if found == [(True,)]:
        return
    if found:
        _drop(editor, name, concurrently=True)
    with _unhurried(editor.connection):
        editor.execute(statement, params=None)


def _drop(editor: Any, name: str, *, concurrently: bool) -> None:
    how = "CONCURRENTLY " if concurrently else ""
    with _unhurried(editor.connection, when=concurrently):
        editor.execute(f"DROP INDEX {how}IF EXISTS {editor.quote_name(name)}", params=None)


def _is_in_parts(connection: BaseDatabaseWrapper, model: type[models.Model]) -> bool:
    sql = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)"
    return _ask(connection, sql, [_name(model._meta.db_table)]) == [(True,)]


def _parts_without(connection: BaseDatabaseWrapper, table: str, index: str) -> list[str]:
    """The parts of `table` that have no index which belongs to `index`."""
    sql = """
        SELECT relname FROM pg_inherits AS part JOIN pg_class ON pg_class.oid = part.inhrelid
        WHERE part.inhparent = to_regclass(%s) AND NOT EXISTS (
            SELECT 1 FROM pg_inherits AS its JOIN pg_index ON indexrelid = its.inhrelid
            WHERE its.inhparent = to_regclass(%s) AND indrelid = part.inhrelid
        ) ORDER BY relname"""
    return [name for (name,) in _ask(connection, sql, [_name(table), _name(index)])]


# --- Constraints -----------------------------------------------------------------------------------------


def _check(editor: Any, model: type[models.Model], constraint: models.CheckConstraint) -> None:
    """NOT VALID takes a lock for an instant; to look through the rows takes long, and stops nobody."""
    if not _is_constraint(editor.connection, model, constraint.name):
        editor.execute(f"{constraint.create_sql(model, editor)} NOT VALID", params=None)
    table, name = editor.quote_name(model._meta.db_table), editor.quote_name(constraint.name)
    with _unhurried(editor.connection):
        editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}", params=None)


def _make_unique(editor: Any, model: type[models.Model], constraint: models.UniqueConstraint) -> None:
    """Build the index first; a constraint proper then takes it for its own, in an instant."""
    if _is_in_parts(editor.connection, model):
        raise NotSupportedError(
            f"{constraint.name}: no table in parts can be made unique while others write."
        )
    if _is_constraint(editor.connection, model, constraint.name):
        return
    statement: Any = constraint.create_sql(model, editor)
    is_proper = "ADD CONSTRAINT" in statement.template
    statement.template = UNIQUE_INDEX
    _build(editor, statement, constraint.name)
    if is_proper:
        table, name = editor.quote_name(model._meta.db_table), editor.quote_name(constraint.name)
        editor.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}"
            f"{statement.parts['deferrable']}",
            params=None,
        )


def _is_constraint(connection: BaseDatabaseWrapper, model: type[models.Model], name: str) -> bool:
    sql = "SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s"
    return bool(_ask(connection, sql, [_name(model._meta.db_table), name]))


# --- How -------------------------------------------------------------------------------------------------


def _refuse_transaction(connection: BaseDatabaseWrapper, operation: Any) -> None:
    if connection.in_atomic_block:
        raise NotSupportedError(
            f"{type(operation).__name__} can't be undone by a transaction: give it a migration of its own, "
            "with `atomic = False`."
        )


@contextmanager
def _once(connection: BaseDatabaseWrapper, model: type[models.Model], name: str) -> Iterator[bool]:
    """Whether nothing of that name stands on SQLite; what is done then is done as a whole or not at all."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        yield name not in connection.introspection.get_constraints(cursor, model._meta.db_table)


@contextmanager
def _unhurried(connection: BaseDatabaseWrapper, *, when: bool = True) -> Iterator[None]:
    """Without `lock_timeout`: who waits for this kind of lock keeps nobody else waiting."""
    if not when:
        yield
        return
    ((before,),) = _ask(connection, "SELECT current_setting('lock_timeout')")
    _ask(connection, "SELECT set_config('lock_timeout', '0', false)")
    try:
        yield
    finally:
        _ask(connection, "SELECT set_config('lock_timeout', %s, false)", [before])


def _ask(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _name(name: str) -> str:
    """As `to_regclass` reads it."""
    return '"{}"'.format(name.replace('"', '""'))
