"""What waits for its sunset, in SQL: for the services, and for whoever keeps answers ready; no ORM here."""

TABLE, COLUMN = "models", "sunset_at"

# Of `models`: it goes at its sunset, the default only if its heir is there to take over.
PENDING = """models.is_active AND models.sunset_at IS NOT NULL
    AND (NOT models.is_default OR EXISTS (
        SELECT 1 FROM models AS heir WHERE lower(heir.model_id) = lower(models.successor)
        AND heir.model_id = models.successor AND heir.id <> models.id
        AND heir.is_active AND NOT heir.is_deprecated))"""

# SQLite compares moments as numbers of days: as texts, those that raw SQL wrote with a T would come late.
_IS_DUE = {
    "sqlite": "julianday(models.sunset_at) <= julianday('now')",
    "postgresql": "models.sunset_at <= clock_timestamp()",
}
# By database. One row each: is anything due, true or false; and when is the next sunset, or the first that
# is overdue, or NULL. SQLite tells moments as `2026-12-31 00:00:00.000`, in UTC.
IS_DUE = {
    vendor: f"SELECT EXISTS (SELECT 1 FROM models WHERE {PENDING} AND {is_due})"  # noqa: S608
    for vendor, is_due in _IS_DUE.items()
}
NEXT_TURN = {
    vendor: f"SELECT {earliest} FROM models WHERE {PENDING}"  # noqa: S608
    for vendor, earliest in {
        "sqlite": "strftime('%Y-%m-%d %H:%M:%f', min(julianday(models.sunset_at)))",
        "postgresql": "min(models.sunset_at)",
    }.items()
}
NOW = {
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "postgresql": "SELECT clock_timestamp()",
}
# The primary keys of what is due, in the order in which it goes.
DUE = {
    vendor: f"SELECT models.id FROM models WHERE {PENDING} AND {is_due} "  # noqa: S608
    "ORDER BY models.sunset_at, models.model_id"
    for vendor, is_due in _IS_DUE.items()
}
