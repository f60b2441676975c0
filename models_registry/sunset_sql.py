"""What waits for its sunset, in SQL; no ORM here."""

from models_registry.turning import Turn

# It goes at its sunset, the default only if its heir is there to take over.
PENDING = """models.is_active AND models.sunset_at IS NOT NULL
    AND (NOT models.is_default OR EXISTS (
        SELECT 1 FROM models AS heir WHERE lower(heir.model_id) = lower(models.successor)
        AND heir.model_id = models.successor AND heir.id <> models.id
        AND heir.is_active AND NOT heir.is_deprecated))"""
TURN = Turn("models", "sunset_at", PENDING, settle="models_registry.sunsets.settle")

# SQLite compares moments as numbers of days: as texts, those that raw SQL wrote with a T would come late.
_IS_DUE = {
    "sqlite": "julianday(models.sunset_at) <= julianday('now')",
    "postgresql": "models.sunset_at <= clock_timestamp()",
}
# By database: the primary keys of what is due, in the order in which it goes.
DUE = {
    vendor: f"SELECT models.id FROM models WHERE {PENDING} AND {is_due} "  # noqa: S608
    "ORDER BY models.sunset_at, models.model_id"
    for vendor, is_due in _IS_DUE.items()
}
