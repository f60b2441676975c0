"""What a migration keeps to, so that the release before it goes on working while it runs and after it.

Expand first: new tables, new columns that the previous release need not know. Contract a release later, in a
migration that says so: `contract = "Nothing reads … since 1.4."` in its class.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from models_registry.live_migrations import AddConstraintConcurrently, AddIndexConcurrently

CONCURRENT = (AddIndexConcurrently, AddConstraintConcurrently)
NAME = re.compile(r"[0-9]{4}_(?!auto_)[a-z][a-z0-9_]*")
TAKES_AWAY = (
    *(operations.RemoveField, operations.RenameField, operations.DeleteModel, operations.RenameModel),
    *(operations.AlterModelTable, operations.AlterUniqueTogether, operations.AlterIndexTogether),
)
SQL_TAKES_AWAY = re.compile(
    r"\b(DROP\s+(COLUMN|TABLE)|RENAME|SET\s+NOT\s+NULL|ALTER\s+COLUMN\s+\S+\s+TYPE)\b", re.I
)
SQL_LOCKS = re.compile(r"\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)", re.I)

WAY_OUT = "in a migration of its own, with `atomic = False`: see models_registry/live_migrations.py."


def unruly(migration: Migration) -> list[str]:
    """How it is called, whether it can be taken back, and whether it can be begun again."""
    found = []
    if not NAME.fullmatch(migration.name):
        found.append(f"{migration.name} says nothing: name it by hand, as in 0007_sunsets.")
    found += [
        f"{described(operation)} can't be taken back: give it its reverse, be it RunPython.noop."
        for operation in flat(migration.operations)
        if not operation.reversible
    ]
    concurrent = [isinstance(operation, CONCURRENT) for operation in migration.operations]
    if any(concurrent) and migration.atomic:
        found.append("What is done while others write commits by itself: say `atomic = False`.")
    if not migration.atomic and not all(concurrent):
        found.append("Without a transaction stands only what can be begun again: put the rest elsewhere.")
    return found


def unfit_for_a_live_system(migration: Migration, before: ProjectState) -> list[str]:
    """What keeps writers waiting, or breaks the previous release. `before` is what it is run on."""
    state, created, found = before.clone(), set[str](), []
    for operation in migration.operations:
        for step in in_the_database(operation):
            if isinstance(step, operations.CreateModel):
                created.add(step.name_lower)
            elif getattr(step, "model_name_lower", "") not in created:
                found += locks(step, state, migration.app_label)
                if not getattr(migration, "contract", ""):
                    found += breaks(step, state, migration.app_label)
        operation.state_forwards(migration.app_label, state)
    return found


def locks(step: Operation, state: ProjectState, app_label: str) -> Iterator[str]:
    """What would keep everybody waiting who writes to the table, for as long as it is long."""
    if isinstance(step, operations.AddIndex) and not isinstance(step, AddIndexConcurrently):
        yield f"{described(step)} keeps writers waiting: write AddIndexConcurrently, {WAY_OUT}"
    if isinstance(step, operations.AddConstraint) and not isinstance(step, AddConstraintConcurrently):
        yield f"{described(step)} keeps writers waiting: write AddConstraintConcurrently, {WAY_OUT}"
    if new_indexes(step, state, app_label):
        yield (
            f"{described(step)} builds its index at once, while writers wait: say db_index=False or "
            f"unique=False, and add the index {WAY_OUT}"
        )
    if SQL_LOCKS.search(sql_of(step)):
        yield f"{described(step)} keeps writers waiting: write CREATE INDEX CONCURRENTLY, {WAY_OUT}"


def breaks(step: Operation, state: ProjectState, app_label: str) -> Iterator[str]:
    """What the previous release, which still runs, can't do with."""
    later = 'Expand now, contract a release later, and say so: `contract = "Nothing reads it since …"`.'
    if isinstance(step, TAKES_AWAY) or SQL_TAKES_AWAY.search(sql_of(step)):
        yield f"{described(step)} takes away what the previous release uses. {later}"
    elif isinstance(step, operations.RemoveConstraint):
        if isinstance(constraint_of(step, state, app_label), models.UniqueConstraint):
            yield f"{described(step)}: the previous release may rely on it (ON CONFLICT). {later}"
    elif isinstance(step, operations.AddField):
        if not step.field.null and not has_default(step.field) and not step.field.many_to_many:
            yield (
                f"{described(step)}: the previous release writes rows without it. Say null=True or "
                "db_default=…; a default alone is not in the database."
            )
    elif isinstance(step, operations.AlterField) and is_narrower(
        before_of(step, state, app_label), step.field
    ):
        yield f"{described(step)} changes what the previous release reads and writes. {later}"


# --- Reading operations ----------------------------------------------------------------------------------


def flat(steps: list[Operation]) -> Iterator[Operation]:
    for step in steps:
        yield step
        yield from flat(getattr(step, "database_operations", None) or [])


def in_the_database(operation: Operation) -> Iterator[Operation]:
    if isinstance(operation, operations.SeparateDatabaseAndState):
        for step in operation.database_operations:
            yield from in_the_database(step)
    else:
        yield operation


def described(step: Operation) -> str:
    return f"“{step.describe()}”"


def sql_of(step: Operation) -> str:
    """What a RunSQL does on the way forwards."""
    sql: Any = getattr(step, "sql", "") if isinstance(step, operations.RunSQL) else ""
    return (
        sql if isinstance(sql, str) else "\n".join(part if isinstance(part, str) else part[0] for part in sql)
    )


def new_indexes(step: Operation, state: ProjectState, app_label: str) -> set[str]:
    """Which indexes a column comes with, or is given."""
    if isinstance(step, operations.AddField):
        return indexes_of(step.field)
    if isinstance(step, operations.AlterField):
        return indexes_of(step.field) - indexes_of(before_of(step, state, app_label))
    return set()


def indexes_of(field: models.Field) -> set[str]:
    return {name for name in ("db_index", "unique") if getattr(field, name)}


def before_of(step: operations.AlterField, state: ProjectState, app_label: str) -> models.Field:
    return state.models[app_label, step.model_name_lower].get_field(step.name)


def has_default(field: models.Field) -> bool:
    return field.db_default is not models.NOT_PROVIDED


def constraint_of(step: operations.RemoveConstraint, state: ProjectState, app_label: str) -> Any:
    return state.models[app_label, step.model_name_lower].get_constraint_by_name(step.name)


def is_narrower(old: models.Field, new: models.Field) -> bool:
    """Whether `new` holds less, or something else. A longer text is neither."""
    if old.null and not new.null:
        return True
    if isinstance(old, models.ForeignKey) or isinstance(new, models.ForeignKey):
        return type(old) is not type(new) or old.remote_field.model != new.remote_field.model
    if type(old) is type(new) and old.max_length and new.max_length:
        return new.max_length < old.max_length
    return old.db_type(connection) != new.db_type(connection)
