"""Statement triggers over transition tables: one bump a statement, none when no row changed."""

from collections.abc import Iterator, Sequence

from models_registry.triggers.tracked import SECONDS, TrackedTable, differs, refusal_of

FUNCTION = """
CREATE OR REPLACE FUNCTION @name@() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN{statements}
END $$;
CREATE TRIGGER @name@ {occasion} EXECUTE FUNCTION @name@()"""

STAMP = """
    IF NOT EXISTS ({rows}) THEN
        RETURN NULL;
    END IF;
    INSERT INTO catalogue_revision AS kept (id, epoch, revision)
        VALUES (1, replace(gen_random_uuid()::text, '-', ''), 1)
        ON CONFLICT (id) DO UPDATE SET revision = kept.revision + 1
        RETURNING revision INTO moved;
    INSERT INTO catalogue_stamps (kind, row_id, revision)
        SELECT '{kind}', row_id, moved FROM ({rows}) AS changed_rows GROUP BY row_id ORDER BY row_id
        ON CONFLICT (kind, row_id) DO UPDATE SET revision = excluded.revision;
    RETURN NULL;"""

VERSION = """
    IF {differs} THEN
        NEW.version_number := greatest(OLD.version_number, NEW.version_number) + 1;
        NEW.updated_at := clock_timestamp();
    END IF;"""

PRICE = """
    IF NEW.priced_at = OLD.priced_at AND ({differs}) THEN
        NEW.priced_at := clock_timestamp();
    END IF;"""

# The number is compared as text first: a WHERE may be worked through in any order.
GUARD = """
    IF EXISTS (SELECT 1 FROM jsonb_array_elements(
            CASE jsonb_typeof(NEW.{column}) WHEN 'array' THEN NEW.{column} ELSE '[]' END
        ) AS item WHERE NOT ({holds})) THEN
        RAISE EXCEPTION '{refusal}' USING ERRCODE = 'check_violation';
    END IF;"""

IS_SECONDS = f"CASE WHEN item::text ~ '^[0-9]{{1,4}}$' THEN item::text::int {SECONDS} ELSE false END"

# Deleted rows are in `gone`, inserted ones in `come`, updated ones in both.
TRANSITIONS = {
    "insert": {"come": "NEW"},
    "update": {"gone": "OLD", "come": "NEW"},
    "delete": {"gone": "OLD"},
}


def triggers(table: TrackedTable, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    for event, transitions in TRANSITIONS.items():
        rows = " UNION ALL ".join(
            f"SELECT {table.stamp_column} AS row_id FROM {name}" for name in transitions
        )
        tables = "REFERENCING " + " ".join(f"{kind} TABLE AS {name}" for name, kind in transitions.items())
        yield event, _stamp(table, rows, f"{event.upper()} ON {table.name} {tables}")
    # After TRUNCATE nobody can say which rows there were: row 0 stands for all of them.
    yield "truncate", _stamp(table, "SELECT 0 AS row_id", f"TRUNCATE ON {table.name}")
    touches = "".join(_touches(table, columns))
    if touches:
        yield "touch", _row(f"BEFORE UPDATE ON {table.name}", touches)
    if table.prices:
        owner, column = table.prices
        change = f"UPDATE {owner} SET priced_at = clock_timestamp() WHERE id = OLD.{column};"
        yield "gone", _row(f"AFTER DELETE ON {table.name}", f"\n    {change}")
    guards = "".join(_guards(table))
    if guards:
        yield "guard", _row(f"BEFORE INSERT OR UPDATE ON {table.name}", guards)


def _stamp(table: TrackedTable, rows: str, occasion: str) -> str:
    return FUNCTION.format(
        statements=STAMP.format(kind=table.stamp_kind, rows=rows),
        occasion=f"AFTER {occasion} FOR EACH STATEMENT",
    )


def _row(occasion: str, statements: str) -> str:
    return FUNCTION.format(statements=f"{statements}\n    RETURN NEW;", occasion=f"{occasion} FOR EACH ROW")


def _touches(table: TrackedTable, columns: Sequence[str]) -> Iterator[str]:
    if table.is_versioned:
        yield VERSION.format(differs=differs(columns, "IS DISTINCT FROM"))
    if table.price_columns:
        yield PRICE.format(differs=differs(table.price_columns, "IS DISTINCT FROM"))


def _guards(table: TrackedTable) -> Iterator[str]:
    for column in table.durations:
        refusal = refusal_of(column, "whole seconds")
        yield GUARD.format(column=column, holds=IS_SECONDS, refusal=refusal)
    for column in table.texts:
        holds = "jsonb_typeof(item) = 'string'"
        yield GUARD.format(column=column, holds=holds, refusal=refusal_of(column, "texts"))
