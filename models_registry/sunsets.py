"""Models whose sunset has come are retired, by the database's clock.

Nobody waits for a timer: whoever is about to read or write asks `is_due`, and lets `settle` carry out what
is due. Whoever keeps answers ready asks `next_turn` until when they are good.

The default goes only if its successor can take over; else it stays on sale past its sunset, and the overview
page says so from a month ahead. There is never no default.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from models_registry import lifecycle, services
from models_registry.audit import ledger, occasion
from models_registry.models import AIModel, CatalogueRevision
from models_registry.values import moment_text

SOURCE = "sunset"

# What goes at its sunset, the default by its heir alone. SQLite compares moments as numbers of days: as
# texts, those that raw SQL wrote with a T or a Z would come late.
_LEAVING = """
    FROM models AS leaving WHERE leaving.is_active AND leaving.sunset_at IS NOT NULL
    AND (NOT leaving.is_default OR EXISTS (
        SELECT 1 FROM models AS heir WHERE lower(heir.model_id) = lower(leaving.successor)
        AND heir.model_id = leaving.successor AND heir.id <> leaving.id
        AND heir.is_active AND NOT heir.is_deprecated))
"""
_DUE = {
    "sqlite": "julianday(leaving.sunset_at) <= julianday('now')",
    "postgresql": "leaving.sunset_at <= clock_timestamp()",
}
_IN_ORDER = "ORDER BY leaving.sunset_at, leaving.model_id"
# By database: is anything due (one row, true or false), and when is the next, or the first that is overdue
# (one row; NULL for never). SQLite tells moments as `2026-12-31 00:00:00.000`, in UTC.
IS_DUE_SQL = {vendor: f"SELECT EXISTS (SELECT 1 {_LEAVING} AND {due})" for vendor, due in _DUE.items()}
_DUE_SQL = {vendor: f"SELECT leaving.id {_LEAVING} AND {due} {_IN_ORDER}" for vendor, due in _DUE.items()}
NEXT_TURN_SQL = {
    "sqlite": f"SELECT strftime('%Y-%m-%d %H:%M:%f', min(julianday(leaving.sunset_at))) {_LEAVING}",
    "postgresql": f"SELECT min(leaving.sunset_at) {_LEAVING}",
}
NOW_SQL = {
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "postgresql": "SELECT clock_timestamp()",
}


def is_due() -> bool:
    """Has the sunset come of a model that can go? One query."""
    ((found,),) = _asked(IS_DUE_SQL)
    return bool(found)


def next_turn() -> datetime | None:
    """When the next model goes, as things stand; past if one is due. One query."""
    ((moment,),) = _asked(NEXT_TURN_SQL)
    return None if moment is None else _moment(moment)


def database_now() -> datetime:
    """The clock that sunsets go by."""
    ((now,),) = _asked(NOW_SQL)
    return _moment(now)


@transaction.atomic
def settle() -> list[AIModel]:
    """Retire the models whose sunset has come, the earliest first; a second call finds nothing to do.

    Whoever happens to ask first is not who did it: the history names the system and the sunset.
    """
    CatalogueRevision.objects.lock()
    with ledger.together():
        return [retired for (pk,) in _asked(_DUE_SQL) if (retired := _settled(pk)) is not None]


def _settled(pk: int) -> AIModel | None:
    """None if it is the default by now, or its heir has gone before it."""
    model = AIModel.objects.get(pk=pk)
    if model.sunset_at is None or (model.is_default and lifecycle.heir_of(model) is None):
        return None
    reason = f"Sunset of {moment_text(model.sunset_at)}"
    with occasion.taking_place(occasion.Occasion(source=SOURCE, find_reason=lambda: reason)):
        return services.retire(model)


def _asked(query: dict[str, str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query[connection.vendor])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _moment(value: str | datetime) -> datetime:
    """As the database tells it: SQLite as a text, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC)
