"""Dropping old generations, whole months at a time; their sums and their ids stay for good.

A month goes only after a proof that its sums are those of its generations, and the same transaction moves the
horizon. A generation of such a month that is reported later counts in the sums, too; what is left of it in
the table is swept by the next run.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection

from models_registry.transactions import same_again
from models_registry.usage import horizon, partitions
from models_registry.usage.comparing import disagreements
from models_registry.usage.months import months_in
from models_registry.usage.periods import Grain, month_of
from models_registry.usage.snapshot import one_state
from models_registry.usage.sums import Scope

ROWS_AT_ONCE = 10_000
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Dropped(NamedTuple):
    month: datetime
    generations: int


class Unproven(Exception):
    """The sums of a month are not those of its generations, so that nothing of it may go."""

    def __init__(self, month: datetime, wrong: int) -> None:
        noun = "row does" if wrong == 1 else "rows do"
        super().__init__(
            f"The generations of {month:%Y-%m} were not dropped: {wrong:,} {noun} not agree with them. "
            "See which with verify_usage, and rebuild them with rollup_usage."
        )


def kept_from(now: datetime, *, days: int) -> datetime:
    """The first month that is kept: those before ended at least so many days ago."""
    return month_of(now - timedelta(days=days))


def doomed(keep_from: datetime) -> list[datetime]:
    """The months to drop, in ascending order; not those dropped before, of which there may be late ones."""
    months = set(months_in(connection, loose_table()))
    if partitions.partitioned(connection):
        months |= partitions.standing(connection).keys()
    horizon_now = horizon.kept_since(connection) or BEGINNING
    return sorted(month for month in months if horizon_now <= month < keep_from)


def prove(month: datetime) -> None:
    """Raise Unproven unless the sums of all that goes with `month` are right. Nobody waits meanwhile."""
    with one_state():
        horizon.hold(connection)
        beginning = horizon.kept_since(connection) or BEGINNING
        scope = Scope(beginning, Grain.MONTH.after(month))
        wrong = sum(1 for grain in Grain for _ in disagreements(grain, scope))
    if wrong:
        raise Unproven(month, wrong)


def drop(month: datetime) -> Dropped | None:
    """Drop the generations of `month`; None if somebody else has meanwhile.

    Raises Unproven or partitions.Busy; then they all stay.
    """
    prove(month)
    number = partitions.patiently(connection, lambda: _drop(month))
    return None if number is None else Dropped(month, number + sweep())


def sweep() -> int:
    """Delete what lies before the horizon and in no partition, a bounded number of rows at a time."""
    swept = 0
    while number := _delete_some():
        swept += number
    return swept


def left_over() -> int:
    """How many `sweep` would delete."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {loose_table()} WHERE finished_at < %s", [_horizon()])
        return int(cursor.fetchone()[0])


def generations_in(month: datetime) -> int:
    within = Scope.month(month).where("finished_at")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM generations WHERE {within.sql}", within.params)
        return int(cursor.fetchone()[0])


def loose_table() -> str:
    """Where generations are that can't be dropped with a partition."""
    return partitions.REST if partitions.partitioned(connection) else partitions.TABLE


# --- Steps -----------------------------------------------------------------------------------------------


def _drop(month: datetime) -> int | None:
    """Drop the partition, if there is one, and move the horizon; the number of rows that went.

    None if somebody else dropped the month while we waited.
    """
    if month < (horizon.kept_since(connection) or BEGINNING):
        return None
    number = 0
    if partitions.partitioned(connection) and month in partitions.standing(connection):
        number = _drop_partition(partitions.name_of(month))
    horizon.move(connection, to=Grain.MONTH.after(month))
    return number


def _drop_partition(name: str) -> int:
    with connection.cursor() as cursor:
        # From here on no late generation comes in that would be dropped uncounted.
        cursor.execute(f"LOCK TABLE ONLY {partitions.TABLE} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"SELECT COUNT(*) FROM {name}")
        number = int(cursor.fetchone()[0])
        cursor.execute(f"DROP TABLE {name}")
    return number


@same_again
def _delete_some() -> int:
    table, row = loose_table(), "ctid" if connection.vendor == "postgresql" else "rowid"
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE {row} IN "
            f"(SELECT {row} FROM {table} WHERE finished_at < %s LIMIT {ROWS_AT_ONCE})",
            [_horizon()],
        )
        return int(cursor.rowcount)


def _horizon() -> str:
    kept_since = horizon.kept_since(connection) or BEGINNING
    return str(connection.ops.adapt_datetimefield_value(kept_since))
