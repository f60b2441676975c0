"""The database: does it answer, may it be written to, and is everything there that we rely on?"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.checks import Tags, run_checks
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from models_registry.apps import OF_TRIGGERS
from models_registry.audit.models import AuditEntry
from models_registry.transactions import Breakage, breakage
from models_registry.usage.partitions import partitioned
from models_registry.usage.periods import Grain, month_of
from videoai.doctor.arithmetic import wanted_connections
from videoai.doctor.finding import Finding, doubtful, fine, wrong
from videoai.readiness import waiting_migrations
from videoai.writable import refusal

SLOW = 0.05  # seconds for the least of all queries; the edge asks one before each answer
LOOKS = 5
LOCK_PATIENCE = 1.0  # seconds, in which most who write to SQLite are done
TIME = "%Y-%m-%d %H:%M:%S"
ROOM = """
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
"""
MOST_DRIFT, WORST_DRIFT = 1.0, 5.0  # seconds; second factors take half a minute, quotes and prices less


def answers() -> Iterator[Finding]:
    connection.ensure_connection()
    seconds = min(_seconds_of_a_look() for _ in range(LOOKS))
    version = ".".join(map(str, connection.get_database_version()))
    told = f"{connection.display_name} {version} answers in {seconds * 1_000:.1f} ms"
    if seconds > SLOW:
        remedy = "Every read asks it once: run the server near it, and see what keeps it busy."
        yield doubtful(told, remedy)
    else:
        yield fine(told)


def writable() -> Iterator[Finding]:
    if refused := refusal():
        yield wrong(refused.told, refused.remedy)
        return
    if connection.vendor == "postgresql" or _has_free_lock():
        yield fine("it takes writes")
    else:
        told = f"somebody has been writing to it for {LOCK_PATIENCE:g} s, so nobody else could"
        yield doubtful(
            told, "Wait for an import to end, and run this again. If nothing runs, see who holds it."
        )


def encoding() -> Iterator[Finding]:
    if connection.vendor == "postgresql":
        found, synchronous = _row("SELECT current_setting('server_encoding'), current_setting('fsync')")
        remedy = "Make a new database with ENCODING 'UTF8' TEMPLATE template0, and restore a backup there."
        yield fine("encoding UTF8") if found == "UTF8" else wrong(f"its encoding is {found}", remedy)
        if synchronous != "on":
            yield wrong("fsync is off: a power cut may destroy it", "Set fsync = on in postgresql.conf.")
        return
    (mode,) = _row("PRAGMA journal_mode")
    if mode != "wal":
        yield doubtful(f"its journal is {mode}: writers keep readers waiting", "Put it on a local disk.")


def clock() -> Iterator[Finding]:
    """By the database's clock prices change and quotes end, by this machine's tokens and sessions do."""
    now = datetime.now(UTC)
    if connection.vendor == "postgresql":
        (theirs,) = _row("SELECT clock_timestamp()")
        drift = abs((theirs - now).total_seconds())
        told = f"this machine's clock and the database's are {drift:.1f} s apart"
        remedy = "Keep both in step, with chrony or systemd-timesyncd."
        if drift > MOST_DRIFT:
            yield wrong(told, remedy) if drift > WORST_DRIFT else doubtful(told, remedy)
            return
    newest = AuditEntry.objects.order_by("-at").values_list("at", flat=True).first() if _is_laid() else None
    if newest is not None and (newest - now).total_seconds() > WORST_DRIFT:
        told = f"it is {now:{TIME}} UTC here, and the newest audit entry is of {newest:{TIME}}"
        yield wrong(told, "Set the clock, and keep it in step with chrony or systemd-timesyncd.")
    else:
        yield fine(f"it is {now:{TIME}} UTC, here and there")


def migrations() -> Iterator[Finding]:
    if waiting := waiting_migrations():
        yield wrong(f"{waiting} are waiting", "Run `manage.py migrate`.")
    else:
        yield fine("all have run")


def triggers() -> Iterator[Finding]:
    messages = [message for message in _messages() if message.id in OF_TRIGGERS]
    for message in messages:
        yield wrong(message.msg, message.hint or "")
    if not messages:
        yield fine("all stand, and are enabled")


def parts() -> Iterator[Finding]:
    """Partitions, and whatever else Django's own checks say of the database."""
    others = [message for message in _messages() if message.id not in OF_TRIGGERS]
    for message in others:
        yield doubtful(message.msg, message.hint or "")
    if not others and partitioned(connection):
        yield fine(f"there is one for next month's generations, {_next_month():%Y-%m}")


def connections_enough() -> Iterator[Finding]:
    if connection.vendor != "postgresql":
        return
    most, used = _row(ROOM)
    wanted = wanted_connections()
    told = f"{wanted.told}; the server has room for {most}, and {used} are in use"
    if wanted.number > most:
        remedy = "Lower WORKERS or EDGE_THREADS, set DATABASE_POOL_SIZE, or raise max_connections."
        yield wrong(told, remedy)
    elif used > 0.9 * most:
        yield doubtful(told, "See in pg_stat_activity who holds them, or raise max_connections.")
    else:
        yield fine(told)


def _next_month() -> datetime:
    return Grain.MONTH.after(month_of(timezone.now()))


def _has_free_lock() -> bool:
    """Become SQLite's one writer for a moment; over before anything is told, which may take its time."""
    (patience,) = _row("PRAGMA busy_timeout")
    _row(f"PRAGMA busy_timeout = {LOCK_PATIENCE * 1_000:.0f}")
    try:
        with transaction.atomic():
            return True
    except OperationalError as error:
        if breakage(error) is Breakage.BUSY:
            return False
        raise
    finally:
        _row(f"PRAGMA busy_timeout = {patience}")


def _is_laid() -> bool:
    return AuditEntry._meta.db_table in connection.introspection.table_names()


def _messages() -> list[Any]:
    return list(run_checks(tags=[Tags.database], databases=[connection.alias]))


def _seconds_of_a_look() -> float:
    begun = time.perf_counter()
    _row("SELECT 1")
    return time.perf_counter() - begun


def _row(query: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return tuple(cursor.fetchone())
