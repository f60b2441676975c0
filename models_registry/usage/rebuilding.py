"""Making the sums anew: hours from their generations, days and months from those, counters from the months.

It is right while recording goes on. A recorder puts its generations in, then takes its counters, then adds to
the sums, all in one transaction; we keep everybody from the counters. So whoever was there before us has
committed, generations and sums alike, and we read both; whoever comes after us adds to what we leave. That
holds for the first generation of a model, too, which has no counter yet. Only a day, or a month of days, in
which something is wrong is made anew, each in a transaction of its own, so that nobody waits for long.

Before the horizon there are no generations any more: there the hours are the truth, and stay as they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from django.db import connection, transaction

from models_registry.models import AIModel
from models_registry.transactions import same_again
from models_registry.usage import horizon
from models_registry.usage.comparing import Disagreement, disagreements, unreadable_sketches
from models_registry.usage.months import in_reach, moment, months_in
from models_registry.usage.periods import EARLIEST, LATEST, Grain
from models_registry.usage.statements import COUNTERS
from models_registry.usage.sums import (
    TABLES,
    Scope,
    Sums,
    Where,
    comparable,
    of_months,
    start_of,
    strange,
    sums_of,
)

Progress = Callable[[datetime], None]  # the month that comes next


class Unreadable(Exception):
    """An hour that is the truth, its generations having been dropped, can't be summed up."""

    def __init__(self, hour: Disagreement) -> None:
        model = AIModel.objects.filter(pk=hour.model).values_list("model_id", flat=True).first()
        super().__init__(
            f"Nothing was rebuilt: {model or hour.model}, {hour.where}: {hour.what}, its generations were "
            "dropped, and days and months would be spoilt by it. Restore that row of usage_rollups from a "
            "backup."
        )


@dataclass
class Rebuilt:
    """How many rows were wrong: put in, changed or taken away."""

    hours: int = 0
    days: int = 0
    months: int = 0
    counters: int = 0
    strange: int = 0  # could be nothing's sums

    @property
    def rows(self) -> int:
        return sum(getattr(self, field.name) for field in fields(self))


def silent(month: datetime) -> None:
    pass


def rebuild(
    *, within: Scope | None = None, models: Sequence[int] = (), progress: Progress = silent
) -> Rebuilt:
    """Make the sums of `models` anew, by default of all, in the months of `within`; counters always whole.

    Raises Unreadable, and then has changed nothing.
    """
    refuse_unreadable(within, models)
    rebuilt = Rebuilt()
    if within is None and not models:
        rebuilt.strange = _delete_strange()
    for month in months_with_anything(within):
        progress(month)
        for day in days_with_anything(month):
            scope = Scope(day, Grain.DAY.after(day), models)
            hours_are_wrong = _is_kept(day) and _is_wrong(Grain.HOUR, scope)
            if hours_are_wrong or _is_wrong(Grain.DAY, scope):
                hours, days = _rebuild_day(scope)
                rebuilt.hours += hours
                rebuilt.days += days
        if _is_wrong(Grain.MONTH, Scope.month(month, models)):
            rebuilt.months += _rebuild_month(Scope.month(month, models))
    rebuilt.counters = _rebuild_counters(models)
    return rebuilt


def rehearse_rebuild(
    *, within: Scope | None = None, models: Sequence[int] = (), progress: Progress = silent
) -> Rebuilt:
    """Do it in one transaction, and undo it. Who records waits meanwhile."""
    with transaction.atomic():
        rebuilt = rebuild(within=within, models=models, progress=progress)
        transaction.set_rollback(True)
    return rebuilt


def refuse_unreadable(within: Scope | None, models: Sequence[int]) -> None:
    """Raise Unreadable if there is such an hour before the horizon."""
    start, end = within[:2] if within else (EARLIEST, LATEST)
    end = min(end, horizon.kept_since(connection) or start)
    for hour in unreadable_sketches(Grain.HOUR, Scope(start, end, models)):
        raise Unreadable(hour)


def months_with_anything(within: Scope | None) -> list[datetime]:
    """The months in reach that have generations or sums, in ascending order."""
    found = set(months_in(connection, "generations"))
    for table in TABLES:
        for grain in Grain.values:
            found |= {*months_in(connection, table.name, "start", where="grain = %s", params=[grain])}
    return sorted(month for month in found if within is None or within.start <= month < within.end)


def days_with_anything(month: datetime) -> list[datetime]:
    """The days of a month that have generations or sums, in ascending order."""
    origins = [("generations", "finished_at"), *((table.name, "start") for table in TABLES)]
    parts, params = [], []
    for table, column in origins:
        within, readable = Scope.month(month).where(column), in_reach(connection, column)
        parts.append(f"SELECT {start_of(Grain.DAY, column)} FROM {table} WHERE {within.sql} AND {readable}")
        params += within.params
    with connection.cursor() as cursor:
        cursor.execute(" UNION ".join(parts), params)
        return sorted(moment(day) for (day,) in cursor.fetchall())


def _is_wrong(grain: Grain, scope: Scope) -> bool:
    """Asked first, because nobody waits for the answer; where nothing is wrong, nobody has to."""
    return next(disagreements(grain, scope), None) is not None


@same_again
def _delete_strange() -> int:
    deleted = 0
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table.name} WHERE {strange()}")
            deleted += cursor.rowcount
    return deleted


# --- One transaction -------------------------------------------------------------------------------------


@same_again
def _rebuild_day(scope: Scope) -> tuple[int, int]:
    """How many rows of hours had to change, and of days."""
    _keep_everybody_out()
    hours = _rebuild(Grain.HOUR, scope) if _is_kept(scope.start) else 0
    return hours, _rebuild(Grain.DAY, scope)


@same_again
def _rebuild_month(scope: Scope) -> int:
    _keep_everybody_out()
    return _rebuild(Grain.MONTH, scope)


@same_again
def _rebuild_counters(models: Sequence[int]) -> int:
    _keep_everybody_out()
    return _store(of_months(models), standing=Where.models(models))


def _keep_everybody_out() -> None:
    """Hold the horizon and the counters until the transaction ends."""
    horizon.hold(connection)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {COUNTERS.name} IN SHARE ROW EXCLUSIVE MODE")


def _is_kept(start: datetime) -> bool:
    """Whether there are still the generations of that time."""
    kept_since = horizon.kept_since(connection)
    return kept_since is None or start >= kept_since


def _rebuild(grain: Grain, scope: Scope) -> int:
    where = scope.where("start")
    standing = Where(f"grain = %s AND {where.sql}", [grain.value, *where.params])
    return sum(_store(sums_of(table, grain, scope), standing=standing) for table in TABLES)


def _store(sums: Sums, *, standing: Where) -> int:
    """Let `sums` be what stands in their table under a condition; the number of rows that had to change."""
    with connection.cursor() as cursor:
        cursor.execute(_delete(sums, standing), [*standing.params, *sums.where.params])
        deleted = cursor.rowcount
        cursor.execute(_upsert(sums, standing), [*sums.where.params, *standing.params])
        return int(deleted + cursor.rowcount)


def _delete(sums: Sums, standing: Where) -> str:
    """What sums up nothing."""
    keys = ", ".join(sums.keys)
    return f"DELETE FROM {sums.table.name} WHERE {standing.sql} AND ({keys}) NOT IN ({sums.select_keys})"


def _upsert(sums: Sums, standing: Where) -> str:
    """What is missing or different; rows that are right are not touched."""
    table = sums.table
    right = f"SELECT {', '.join(map(comparable, table.columns))} FROM {table.name} WHERE {standing.sql}"
    changes = ", ".join(f"{name} = excluded.{name}" for name in table.others)
    return (
        f"INSERT INTO {table.name} ({', '.join(table.columns)}) {sums.select} EXCEPT {right} "
        f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {changes}"
    )
