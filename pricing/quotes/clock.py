"""The database's clock, which all processes share."""

from datetime import UTC, datetime

from django.db import connection

from models_registry.values import in_milliseconds

_NOW = {
    "postgresql": "SELECT clock_timestamp()",
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
}


def database_now() -> datetime:
    """In UTC and to the millisecond, which both engines know."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW[connection.vendor])
        (now,) = cursor.fetchone()
    moment = now if isinstance(now, datetime) else datetime.fromisoformat(now).replace(tzinfo=UTC)
    return in_milliseconds(moment.astimezone(UTC))
