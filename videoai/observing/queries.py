"""Statements as they go by: how many a request takes, which are slow, which fail."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from models_registry import sqlstates
from videoai.observing.metrics import count

logger = logging.getLogger("videoai.slow_query")

LONGEST_SQL = 1_000
# What can go wrong, by the names that it is counted under.
KINDS = {
    sqlstates.SERIALIZATION: "serialization",
    sqlstates.DEADLOCK: "deadlock",
    sqlstates.LOCK_TIMEOUT: "lock_timeout",
    sqlstates.STATEMENT_TIMEOUT: "statement_timeout",
    sqlstates.READ_ONLY: "read_only",
    sqlstates.DISK_FULL: "disk_full",
    sqlstates.TOO_MANY_CONNECTIONS: "too_many_connections",
    **dict.fromkeys(sqlstates.LOST, "lost_connection"),
    sqlstates.CONSTRAINT: "constraint",
    sqlstates.RESOURCES: "out_of_resources",
}
SQLITE_KINDS = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_IOERR: "disk",
    sqlite3.SQLITE_CANTOPEN: "disk",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_CONSTRAINT: "constraint",
}


class _Thread(threading.local):
    """A request is answered by one thread; so is what it asks the database."""

    queries = 0
    route: Callable[[], str] | None = None


_thread = _Thread()


def asked() -> int:
    """How many statements this thread has sent so far."""
    return _thread.queries


def serving(route: Callable[[], str] | None) -> None:
    """From now on this thread answers a request; `route` is asked when a statement was slow."""
    _thread.route = route


def watch() -> None:
    connection_created.connect(_watch)


def _watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    # First, because `execute_wrapper` takes away the last when it ends.
    if _observed not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _observed)


def _observed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    _thread.queries += 1
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    except Error as error:
        note_error(error)
        raise
    finally:
        seconds, most = time.perf_counter() - began, settings.SLOW_QUERY_MILLISECONDS
        if most and seconds * 1_000 >= most:
            _tell_slow(sql, seconds)


def _tell_slow(sql: str, seconds: float) -> None:
    """Without parameters: they are somebody's data."""
    count("videoai_slow_queries_total")
    route = _thread.route
    facts = {
        "milliseconds": round(seconds * 1_000),
        "route": route() if route else "-",
        "sql": shortened(str(sql)),
    }
    logger.warning("A statement took long.", extra={"facts": facts})


def shortened(sql: str) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= LONGEST_SQL else f"{line[:LONGEST_SQL]}…"


# --- Errors ----------------------------------------------------------------------------------------------


def note_error(error: Exception) -> None:
    """Count a failure of the database, once, however many meet it on its way up."""
    first = _first(error)
    if not getattr(first, "is_counted", False):
        first.is_counted = True  # type: ignore[attr-defined]
        count("videoai_database_errors_total", kind_of(first))


def _first(error: BaseException) -> BaseException:
    """Django's error of the statement: a transaction tells it as another, which says what is left of it."""
    while isinstance(error.__cause__, Error):
        error = error.__cause__
    return error


def kind_of(error: BaseException) -> str:
    error = _first(error)
    if state := sqlstates.sqlstate_of(error):
        return KINDS.get(state) or KINDS.get(state[:2]) or "other"
    code = getattr(error.__cause__ or error, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE_KINDS.get(code & 0xFF, "other")
    # A driver that lost its server has no code to tell.
    return "lost_connection" if isinstance(error, (OperationalError, InterfaceError)) else "other"
