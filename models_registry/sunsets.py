"""Models whose sunset has come are retired, by the database's clock; see `turning` for who carries it out.

The default goes only if its successor can take over; else it stays on sale past its sunset, and the overview
page says so from a month ahead. There is never no default.
"""

from django.db import connection

from models_registry import lifecycle, services, sunset_sql
from models_registry.audit import ledger, occasion
from models_registry.models import AIModel
from models_registry.values import moment_text

SOURCE = "sunset"


def settle() -> None:
    """Retire the models whose sunset has come, the earliest first; `turning` holds the catalogue's lock.

    Whoever happens to ask first is not who did it: the history names the system and the sunset.
    """
    with ledger.together():
        for pk in _due():
            _go(pk)


def _due() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sunset_sql.DUE[connection.vendor])
        return [pk for (pk,) in cursor.fetchall()]


def _go(pk: int) -> None:
    """It stays if it is the default by now, or its heir has gone before it."""
    model = AIModel.objects.get(pk=pk)
    if model.sunset_at is None or (model.is_default and lifecycle.heir_of(model) is None):
        return
    reason = f"Sunset of {moment_text(model.sunset_at)}"
    with occasion.taking_place(occasion.Occasion(source=SOURCE, find_reason=lambda: reason)):
        services.retire(model)
