"""Row triggers. They don't fire themselves again: recursive_triggers is off, and each has its WHEN."""

from collections.abc import Iterator, Sequence

from models_registry.triggers.tracked import SECONDS, TrackedTable, differs, refusal_of

BUMP = """
    INSERT INTO catalogue_revision (id, epoch, revision) VALUES (1, lower(hex(randomblob(16))), 1)
        ON CONFLICT (id) DO UPDATE SET revision = revision + 1;"""

STAMP = """
    INSERT INTO catalogue_stamps (kind, row_id, revision)
        SELECT '{kind}', {row}.{column}, revision FROM catalogue_revision WHERE true
        ON CONFLICT (kind, row_id) DO UPDATE SET revision = excluded.revision;"""

NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"

# As moments, not as texts: Django writes a moment back with more digits than the line above.
SAME_DATE = "julianday(NEW.priced_at) IS julianday(OLD.priced_at)"

GUARD = """
    SELECT RAISE(ABORT, '{refusal}') FROM json_each(NEW.{column}) WHERE NOT ({holds});"""


def triggers(table: TrackedTable, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    for event, rows in {"insert": ["NEW"], "update": ["OLD", "NEW"], "delete": ["OLD"]}.items():
        stamps = "".join(
            STAMP.format(kind=table.stamp_kind, row=row, column=table.stamp_column) for row in rows
        )
        yield event, _trigger(f"AFTER {event.upper()} ON {table.name}", f"{BUMP}{stamps}")
    if table.price_columns:
        when = f"{SAME_DATE} AND ({differs(table.price_columns, 'IS NOT')})"
        change = f"UPDATE {table.name} SET priced_at = {NOW} WHERE id = NEW.id;"
        yield "price", _trigger(f"AFTER UPDATE ON {table.name} WHEN {when}", f"\n    {change}")
    if table.is_versioned:
        change = (
            f"UPDATE {table.name} SET version_number = max(OLD.version_number, NEW.version_number) + 1, "
            f"updated_at = {NOW} WHERE id = NEW.id;"
        )
        when = differs(columns, "IS NOT")
        yield "version", _trigger(f"AFTER UPDATE ON {table.name} WHEN {when}", f"\n    {change}")
    if table.prices:
        owner, column = table.prices
        change = f"UPDATE {owner} SET priced_at = {NOW} WHERE id = OLD.{column};"
        yield "gone", _trigger(f"AFTER DELETE ON {table.name}", f"\n    {change}")
    guards = "".join(_guards(table))
    for event in ("insert", "update") if guards else ():
        yield f"guard_{event}", _trigger(f"BEFORE {event.upper()} ON {table.name}", guards)


def _trigger(occasion: str, statements: str) -> str:
    return f"CREATE TRIGGER @name@ {occasion} BEGIN{statements}\nEND"


def _guards(table: TrackedTable) -> Iterator[str]:
    for column in table.durations:
        holds, refusal = f"type = 'integer' AND value {SECONDS}", refusal_of(column, "whole seconds")
        yield GUARD.format(column=column, holds=holds, refusal=refusal)
    for column in table.texts:
        yield GUARD.format(column=column, holds="type = 'text'", refusal=refusal_of(column, "texts"))
