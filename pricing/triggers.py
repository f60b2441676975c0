"""Database triggers that keep the ledger of prices: every version of every row that a price book is made of.

They are installed like those of the catalogue (see `models_registry.triggers`), and write in the transaction
of whoever changes a row, be it a service, raw SQL or `loaddata`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from models_registry.triggers import bring_up_to_date, columns_of, named, standing_on
from models_registry.triggers.postgresql import FUNCTION
from models_registry.triggers.sqlite import NOW, SAME_DATE
from models_registry.triggers.tracked import differs

# What a version in the ledger is of.
MODEL, LISTED, RATE, POLICY, TIER = "model", "listed", "rate", "policy", "tier"
PREFIX = "prices"
LEDGER = "price_versions"
REFUSAL = "What prices were is never rewritten"
PRICED_AT = "priced_at"
# To the millisecond, which dumps and SQLite keep; in as many digits as Django writes, to be compared as text.
SQLITE_NOW = f"{NOW} || '000'"
POSTGRESQL_NOW = "date_trunc('milliseconds', clock_timestamp())"
NEXT_NUMBER = f"(SELECT coalesce(max(number), 0) + 1 FROM {LEDGER})"  # noqa: S608


@dataclass(frozen=True)
class LedgerTable:
    """A table whose rows prices are made of; a change of other columns than `columns` is no news of a price.

    `model_column` tells whose price, `name_column` by which name the row is known; `lists` are JSON.
    """

    kind: str
    name: str
    columns: tuple[str, ...]
    model_column: str | None = None
    name_column: str | None = None
    lists: tuple[str, ...] = ()

    @property
    def needed(self) -> set[str]:
        return {"id", *self.columns, *filter(None, (self.model_column, self.name_column))}


LEDGER_TABLES = (
    LedgerTable(
        MODEL,
        "models",
        (
            *("model_id", "cost_per_second", "supported_durations", "supported_qualities"),
            *("is_active", "is_deprecated", PRICED_AT),
        ),
        model_column="id",
        name_column="model_id",
        lists=("supported_durations", "supported_qualities"),
    ),
    LedgerTable(
        LISTED, "upstream_models", ("model_id", "cost_per_second", "follows"), model_column="model_id"
    ),
    LedgerTable(
        RATE,
        "rates",
        (
            *("model_id", "layer", "quality", "with_audio", "unit", "amount", "currency", "minimum_charge"),
            *("source", "source_fetched_at", "note", PRICED_AT),
        ),
        model_column="model_id",
    ),
    LedgerTable(
        POLICY,
        "pricing_policy",
        (
            *("profit_margin", "credits_per_dollar", "max_credits_per_generation"),
            *("max_duration_per_generation", "max_cost_per_second", "target_margin", PRICED_AT),
        ),
    ),
    LedgerTable(
        TIER,
        "quality_tiers",
        ("key", "label", "position", "cost_multiplier", "megapixels", PRICED_AT),
        name_column="key",
    ),
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Bring the triggers up to date, and note down the rows of which the ledger does not know yet."""
    ready = _ready(connection)
    names = {table.name for table in LEDGER_TABLES} | {LEDGER}
    bring_up_to_date(connection, PREFIX, tables=names, wanted=_wanted(connection, ready))
    with connection.cursor() as cursor:
        for table in ready:
            cursor.execute(_note_down_unknown(table, connection.vendor))


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of the triggers that ought to stand and do not."""
    names = {table.name for table in LEDGER_TABLES} | {LEDGER}
    return _wanted(connection, _ready(connection)).keys() - standing_on(connection, PREFIX, tables=names)


def _ready(connection: BaseDatabaseWrapper) -> list[LedgerTable]:
    """The tables that can be kept a ledger of; none before there is one. Earlier migrations lack columns."""
    if not columns_of(connection, LEDGER):
        return []
    return [table for table in LEDGER_TABLES if table.needed <= columns_of(connection, table.name)]


def _wanted(connection: BaseDatabaseWrapper, tables: list[LedgerTable]) -> dict[str, str]:
    make, guard = (_sqlite, SQLITE_GUARD) if connection.vendor == "sqlite" else (_postgresql, GUARD)
    wanted = named(PREFIX, LEDGER, [("guard", guard)]) if tables else {}
    for table in tables:
        wanted |= named(PREFIX, table.name, make(table))
    return wanted


INSERT = f"INSERT INTO {LEDGER} (id, number, kind, row_id, model_row, name, effective_from, state)"


def _version(table: LedgerTable, row: str, *, vendor: str, state: str, since: str = "") -> str:
    """The columns of a version of `row`; it counts from now on, unless `since` says otherwise."""
    since = since or (SQLITE_NOW if vendor == "sqlite" else POSTGRESQL_NOW)
    model = f"{row}.{table.model_column}" if table.model_column else "NULL"
    name = f"{row}.{table.name_column}" if table.name_column else "''"
    key = "lower(hex(randomblob(16)))" if vendor == "sqlite" else "gen_random_uuid()"
    return f"{key}, {NEXT_NUMBER}, '{table.kind}', {row}.id, {model}, {name}, {since}, {state}"


def _state(table: LedgerTable, row: str, vendor: str) -> str:
    """All that the ledger keeps of `row`, as one text: numerics exactly on PostgreSQL."""
    is_sqlite = vendor == "sqlite"
    values = [
        f"json({row}.{column})" if is_sqlite and column in table.lists else f"{row}.{column}"
        for column in table.columns
    ]
    pairs = ", ".join(f"'{column}', {value}" for column, value in zip(table.columns, values, strict=True))
    return f"json_object({pairs})" if is_sqlite else f"jsonb_build_object({pairs})::text"


def _note_down_unknown(table: LedgerTable, vendor: str) -> str:
    """Rows from before there was a ledger count from when their price was last changed."""
    since = f"r.{PRICED_AT}" if PRICED_AT in table.columns else ""
    version = _version(table, "r", vendor=vendor, state=_state(table, "r", vendor), since=since)
    known = f"SELECT 1 FROM {LEDGER} AS v WHERE v.kind = '{table.kind}' AND v.row_id = r.id"  # noqa: S608
    return f"{INSERT} SELECT {version} FROM {table.name} AS r WHERE NOT EXISTS ({known})"  # noqa: S608


# --- PostgreSQL ------------------------------------------------------------------------------------------

# Whoever loads a dump over what it was made of writes again what stands there.
KEPT = ("number", "kind", "row_id", "model_row", "name", "state")
GUARD = FUNCTION.format(
    statements=f"\n    RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';",
    occasion=(
        f"BEFORE UPDATE ON {LEDGER} FOR EACH ROW "
        f"WHEN ({differs((*KEPT, 'effective_from'), 'IS DISTINCT FROM')})"
    ),
)


def _postgresql(table: LedgerTable) -> Iterator[tuple[str, str]]:
    for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        state = "NULL" if event == "DELETE" else _state(table, row, "postgresql")
        version = _version(table, row, vendor="postgresql", state=state)
        when = f" WHEN ({differs(table.columns, 'IS DISTINCT FROM')})" if event == "UPDATE" else ""
        yield (
            event.lower(),
            _function(f"{INSERT} VALUES ({version})", f"{event} ON {table.name} FOR EACH ROW{when}"),
        )
    columns = (
        f"gen_random_uuid(), {NEXT_NUMBER}, kind, row_id, max(model_row), max(name), {POSTGRESQL_NOW}, NULL"
    )
    known = f"FROM {LEDGER} WHERE kind = '{table.kind}' GROUP BY kind, row_id"
    gone = f"{INSERT} SELECT {columns} {known}"
    yield "truncate", _function(gone, f"TRUNCATE ON {table.name} FOR EACH STATEMENT")


def _function(statement: str, occasion: str) -> str:
    return FUNCTION.format(statements=f"\n    {statement};\n    RETURN NULL;", occasion=f"AFTER {occasion}")


# --- SQLite ----------------------------------------------------------------------------------------------

OTHER_MOMENT = "julianday(NEW.effective_from) IS NOT julianday(OLD.effective_from)"
SQLITE_GUARD = (
    f"CREATE TRIGGER @name@ BEFORE UPDATE ON {LEDGER} WHEN {differs(KEPT, 'IS NOT')} OR {OTHER_MOMENT} "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
)


def _sqlite(table: LedgerTable) -> Iterator[tuple[str, str]]:
    """The row is read anew, since another trigger may have dated its price meanwhile."""
    state = _state(table, table.name, "sqlite")
    version = _version(table, table.name, vendor="sqlite", state=state)
    note_down = f"{INSERT} SELECT {version} FROM {table.name} WHERE id = NEW.id;"  # noqa: S608
    news = " OR ".join(
        f"NOT ({SAME_DATE})" if column == PRICED_AT else f"NEW.{column} IS NOT OLD.{column}"
        for column in table.columns
    )
    gone = f"{INSERT} VALUES ({_version(table, 'OLD', vendor='sqlite', state='NULL')});"
    yield "insert", f"CREATE TRIGGER @name@ AFTER INSERT ON {table.name} BEGIN {note_down} END"
    yield (
        "update",
        f"CREATE TRIGGER @name@ AFTER UPDATE ON {table.name} WHEN {news} BEGIN {note_down} END",
    )
    yield "delete", f"CREATE TRIGGER @name@ AFTER DELETE ON {table.name} BEGIN {gone} END"
