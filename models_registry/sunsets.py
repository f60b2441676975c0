"""Models whose sunset has come are retired, by the database's clock.

Nobody waits for a timer: whoever is about to read or write asks `is_due`, and lets `settle` carry out what
is due. Whoever keeps answers ready asks `next_turn` until when they are good.

The default goes only if its successor can take over; else it stays on sale past its sunset, and the overview
page says so from a month ahead. There is never no default.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from models_registry import lifecycle, services, sunset_sql
from models_registry.audit import ledger, occasion
from models_registry.models import AIModel, CatalogueRevision
from models_registry.values import moment_text

SOURCE = "sunset"


def is_due() -> bool:
    """Has the sunset come of a model that can go? One query."""
    ((found,),) = _asked(sunset_sql.IS_DUE)
    return bool(found)


def next_turn() -> datetime | None:
    """When the next model goes, as things stand; past if one is due. One query."""
    ((moment,),) = _asked(sunset_sql.NEXT_TURN)
    return None if moment is None else _moment(moment)


def database_now() -> datetime:
    """The clock that sunsets go by."""
    ((now,),) = _asked(sunset_sql.NOW)
    return _moment(now)


@transaction.atomic
def settle() -> list[AIModel]:
    """Retire the models whose sunset has come, the earliest first; a second call finds nothing to do.

    Whoever happens to ask first is not who did it: the history names the system and the sunset.
    """
    CatalogueRevision.objects.lock()
    with ledger.together():
        return [retired for (pk,) in _asked(sunset_sql.DUE) if (retired := _settled(pk)) is not None]


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
