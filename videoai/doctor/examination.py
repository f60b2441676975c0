"""All checks, one after the other, whatever becomes of one of them."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from videoai.doctor import catalogue, configuration, counters, database, machine, replicas
from videoai.doctor.finding import Check, Finding, Level, Need, wrong
from videoai.readiness import waiting_migrations

logger = logging.getLogger(__name__)

ASKS, READS = Need.DATABASE, Need.TABLES

CHECKS: Sequence[Check] = (
    *(Check("settings", look) for look in (configuration.safety, configuration.proxies)),
    Check("settings", configuration.other_messages),
    Check("database", database.answers),
    *(Check("database", look, ASKS) for look in (database.writable, database.encoding, database.clock)),
    Check("migrations", database.migrations, ASKS),
    Check("triggers", database.triggers, READS),
    Check("partitions", database.parts, READS),
    Check("connections", database.connections_enough, ASKS),
    Check("catalogue", catalogue.needs_attention, READS),
    Check("audit trail", catalogue.audit_heads, READS),
    Check("replicas", replicas.follow, ASKS),
    Check("Redis", counters.shared_counter),
    Check("disk", machine.room),
    Check("disk", machine.size_of_database, ASKS),
    Check("files", machine.file_descriptors),
    Check("backup", machine.dump_program),
)


class Told(NamedTuple):
    subject: str
    finding: Finding

    def as_json(self) -> dict[str, Any]:
        found = self.finding
        return {"subject": self.subject, "level": found.level.key, "told": found.told, "remedy": found.remedy}


def examine(checks: Sequence[Check] = CHECKS) -> Iterator[Told]:
    """What all of them find. Those that need what is not there are passed over."""
    there = _there()
    passed_over: list[str] = []
    for check in checks:
        if check.needs.value > there.value:
            passed_over.append(check.subject)
            continue
        for finding in looked(check):
            yield Told(check.subject, finding)
    if passed_over:
        why = "the database does not answer" if there is Need.NOTHING else "migrations are waiting"
        told = f"not looked at, as {why}: {', '.join(dict.fromkeys(passed_over))}"
        yield Told("database", wrong(told, "Mend that first, and run this again."))


def looked(check: Check) -> Iterator[Finding]:
    try:
        yield from check.look()
    except DatabaseError as error:
        yield wrong(f"the database refused: {_one_line(error)}", "See whether it runs, and its log.")
    except ImproperlyConfigured as error:
        yield wrong(_one_line(error).rstrip("."), "Until then, the server does not start.")
    except Exception as error:
        logger.debug("A check failed.", exc_info=True)
        told = f"this check failed itself: {type(error).__name__}: {_one_line(error)}"
        yield wrong(told, "LOG_LEVEL=DEBUG shows where. Tell whoever looks after the program.")


def is_healthy(found: Sequence[Told], *, strict: bool) -> bool:
    bad = {Level.WRONG, Level.DOUBTFUL} if strict else {Level.WRONG}
    return not any(one.finding.level in bad for one in found)


def _there() -> Need:
    """What can be relied on: that the database answers, and that its tables are those of this release."""
    try:
        connection.ensure_connection()
    except DatabaseError:
        return Need.NOTHING
    try:
        return Need.DATABASE if waiting_migrations() else Need.TABLES
    except DatabaseError:  # the check of migrations tells of it
        return Need.DATABASE


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
