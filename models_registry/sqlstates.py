"""What PostgreSQL says went wrong: a state of five characters, the first two of which are its class."""

SERIALIZATION = "40001"
DEADLOCK = "40P01"
LOCK_TIMEOUT = "55P03"
STATEMENT_TIMEOUT = "57014"
READ_ONLY = "25006"
DISK_FULL = "53100"
TOO_MANY_CONNECTIONS = "53300"
ADMIN_SHUTDOWN = "57P01"
CRASH_SHUTDOWN = "57P02"
CANNOT_CONNECT_NOW = "57P03"

CONNECTION = "08"
CONSTRAINT = "23"
RESOURCES = "53"

CONFLICTS = frozenset({SERIALIZATION, DEADLOCK})
# Who steps back lets others by, and may come again.
LOCKED_OUT = frozenset({LOCK_TIMEOUT, DEADLOCK})
# Beginnings of states after which no connection is left.
LOST = (CONNECTION, ADMIN_SHUTDOWN, CRASH_SHUTDOWN, CANNOT_CONNECT_NOW)


def sqlstate_of(error: BaseException) -> str:
    """The state that the driver tells of Django's error, or of its own; empty if there is none."""
    return getattr(error.__cause__ or error, "sqlstate", None) or ""
