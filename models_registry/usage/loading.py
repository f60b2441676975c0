"""Recording so many generations at once that it is worth asking the engine for its fastest way in."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from django.db import connection

from models_registry.transactions import whole
from models_registry.usage import horizon, partitions, statements
from models_registry.usage.recording import add_up
from models_registry.usage.reports import Report
from models_registry.usage.statements import GENERATIONS, KEYS, Table

ATTRIBUTES = {"model_id": "model"}  # of a report, where a column is called otherwise


def make_room(months: Iterable[datetime]) -> None:
    """Partitions for `months`, so that nothing has to be moved there later. Raises partitions.Busy."""
    kept_since = horizon.kept_since(connection)
    if partitions.partitioned(connection):
        for month in months:
            if kept_since is None or month >= kept_since:
                partitions.make(connection, month)


@whole
def load(reports: Sequence[Report]) -> None:
    """Record `reports`: all of them, or on an IntegrityError, as when an id is taken, none."""
    ordered = sorted(reports)
    for table in (KEYS, GENERATIONS):
        _LOAD[connection.vendor](table, ordered)
    add_up(ordered)


def refresh_statistics() -> None:
    """Let the planner know at once what was loaded."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _copy(table: Table, reports: Sequence[Report]) -> None:
    columns = attrgetter(*(ATTRIBUTES.get(name, name) for name in table.columns))
    statement = f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN"
    # Django tells errors of its own cursor's methods as its own, and COPY is none of them.
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as stream:
        for report in reports:
            stream.write_row(columns(report))


def _insert(table: Table, reports: Sequence[Report]) -> None:
    attributes = {name: ATTRIBUTES.get(name, name) for name in table.columns}
    statements.insert(
        table,
        ({name: getattr(report, attribute) for name, attribute in attributes.items()} for report in reports),
    )


_LOAD = {"postgresql": _copy, "sqlite": _insert}
