"""The parts of `generations` on PostgreSQL, one a month: made ahead, so that old months can be dropped whole.

What fits no part lies in the rest. A part for a month that has rows there is made beside the table, filled
from the rest and then attached, all in one transaction. SQLite has one plain table, and nothing to do here.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from models_registry.sqlstates import LOCKED_OUT, sqlstate_of
from models_registry.usage import horizon
from models_registry.usage.months import months_in
from models_registry.usage.periods import DAY, Grain, month_of

logger = logging.getLogger(__name__)

TABLE = "generations"
REST = f"{TABLE}_rest"
NAME = re.compile(rf"{TABLE}_(\d{{4}})_(\d\d)", re.ASCII)
MONTHS_AHEAD = 3

# Who records waits behind us while we wait for a lock; better to step back, and come again.
LONGEST_WAIT = "2s"
TRIES = 5
PAUSE = 0.5  # seconds

Result = TypeVar("Result")


class Made(NamedTuple):
    """A partition, and how many rows of the rest belong to it."""

    name: str
    moved: int


class Busy(Exception):
    """Somebody else, such as a backup, holds the tables for longer than we wait."""

    def __init__(self) -> None:
        super().__init__(
            f"Somebody is using {TABLE} all the time, such as a backup, so that its partitions can't be "
            "changed now. What is done is done; run maintain_usage again later."
        )


def partitioned(connection: BaseDatabaseWrapper) -> bool:
    """Whether there is a table in parts; not on SQLite, nor before it was migrated."""
    return (
        connection.vendor == "postgresql" and _value(connection, "SELECT to_regclass(%s)", TABLE) is not None
    )


def name_of(month: datetime) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def standing(connection: BaseDatabaseWrapper) -> dict[datetime, str]:
    """The months that have a partition, and its name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
            "WHERE inhparent = to_regclass(%s) ORDER BY relname",
            [TABLE],
        )
        matches = [NAME.fullmatch(name) for (name,) in cursor.fetchall()]
    return {datetime(int(m[1]), int(m[2]), 1, tzinfo=UTC): m[0] for m in matches if m}


def due(now: datetime) -> list[datetime]:
    """The months that have to have a partition: from the previous one to three ahead."""
    month = month_of(month_of(now) - DAY)
    later = accumulate(range(MONTHS_AHEAD + 1), lambda last, _: Grain.MONTH.after(last), initial=month)
    return list(later)


def missing(connection: BaseDatabaseWrapper, *, now: datetime, kept_since: datetime | None) -> list[datetime]:
    """The months to make partitions for: those due and those in the rest, but none that is dropped."""
    wanted = {*due(now), *months_in(connection, REST)} - standing(connection).keys()
    return sorted(month for month in wanted if kept_since is None or month >= kept_since)


def planned(connection: BaseDatabaseWrapper, month: datetime) -> Made:
    """What `make` would do."""
    rows = _value(connection, f"SELECT COUNT(*) FROM {REST} WHERE {_WITHIN}", month, Grain.MONTH.after(month))
    return Made(name_of(month), rows)


def make(connection: BaseDatabaseWrapper, month: datetime) -> Made | None:
    """Make the partition of a month, with the rows of the rest that belong there; None if it stands.

    Raises Busy.
    """

    def work() -> Made | None:
        return None if month in standing(connection) else _make(connection, month)

    return patiently(connection, work)


def make_missing(
    connection: BaseDatabaseWrapper, *, now: datetime, kept_since: datetime | None
) -> Iterator[Made]:
    """Make what is missing, one transaction each. Raises Busy."""
    for month in missing(connection, now=now, kept_since=kept_since):
        made = make(connection, month)
        if made is not None:
            yield made


def patiently(connection: BaseDatabaseWrapper, work: Callable[[], Result]) -> Result:
    """Do `work` in a transaction, alone among those who do upkeep. It is tried again if locks can't be had.

    Raises Busy.
    """
    for tried in range(TRIES):
        if tried:
            time.sleep(PAUSE)
        try:
            with transaction.atomic(using=connection.alias):
                horizon.hold_alone(connection)
                _wait_briefly(connection)
                return work()
        except OperationalError as error:
            if sqlstate_of(error) not in LOCKED_OUT:
                raise
    raise Busy


# --- Hooks -----------------------------------------------------------------------------------------------


def make_after_migrating(sender: AppConfig, using: str, **_: Any) -> None:
    """Whoever migrates with every release has partitions ahead without doing anything for it."""
    connection = connections[using]
    if not partitioned(connection):
        return
    try:
        list(make_missing(connection, now=timezone.now(), kept_since=horizon.kept_since(connection)))
    except Busy as busy:
        logger.warning("%s", busy)  # a release need not wait for a backup


def check_partitions(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Say so when next month has no partition. Nothing is lost then, but all goes to the rest."""
    found: list[CheckMessage] = []
    for connection in (connections[alias] for alias in databases or []):
        upcoming = Grain.MONTH.after(month_of(timezone.now()))
        if partitioned(connection) and upcoming not in standing(connection):
            found.append(
                Warning(
                    f"There is no partition {name_of(upcoming)} for next month's generations.",
                    hint="Run `python manage.py maintain_usage`, best every day.",
                    id="usage.W001",
                )
            )
    return found


# --- Steps -----------------------------------------------------------------------------------------------

_WITHIN = "finished_at >= %s AND finished_at < %s"


def _make(connection: BaseDatabaseWrapper, month: datetime) -> Made:
    """Move what there is while recording goes on; the locks are for what came meanwhile, and to attach."""
    name = name_of(month)
    first, end = (f"'{bound.isoformat()}'" for bound in (month, Grain.MONTH.after(month)))
    within = f"finished_at >= {first} AND finished_at < {end}"
    moving = f"WITH moved AS (DELETE FROM {REST} WHERE {within} RETURNING *) INSERT INTO {name} TABLE moved"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(moving)
        moved = cursor.rowcount
        cursor.execute(f"ALTER TABLE {name} ADD PRIMARY KEY (finished_at, generation_id)")
        # Attaching believes this rule, instead of reading all rows.
        cursor.execute(f"ALTER TABLE {name} ADD CONSTRAINT {name}_month CHECK ({within})")
        # Recording waits here. At the rest alone, it would have been sent there already, and be refused.
        cursor.execute(f"LOCK TABLE ONLY {TABLE} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(f"LOCK TABLE ONLY {REST} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(moving)
        moved += cursor.rowcount
        cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({end})")
        cursor.execute(f"ALTER TABLE {name} DROP CONSTRAINT {name}_month")
    return Made(name, moved)


def _wait_briefly(connection: BaseDatabaseWrapper) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'")


def _value(connection: BaseDatabaseWrapper, sql: str, *params: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]
