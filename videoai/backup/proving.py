"""Is what was restored what was taken? Asked of a database that nobody uses yet."""

import uuid
from collections.abc import Iterator, Sequence
from itertools import islice

from django.core.checks import Tags, run_checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from models_registry.apps import OF_TRIGGERS
from models_registry.audit.verifying import Verification as AuditVerification
from models_registry.audit.verifying import read_anchor
from models_registry.models import AIModel
from models_registry.usage.verifying import Verification as UsageVerification
from videoai.backup.contents import Contents, differences, read_contents
from videoai.backup.taking import Say
from videoai.readiness import waiting_migrations

MOST_TOLD = 20  # of one kind


def unknown_migrations(contents: Contents) -> list[str]:
    """Those that this program does not have: a newer one made the backup."""
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    return sorted(set(contents.migrations) - known)


def contents_now() -> Contents:
    """What the database holds that Django is connected to."""

    def ask(query: str) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    return read_contents(ask, vendor=connection.vendor)


def faults(expected: Contents | None) -> Iterator[str]:
    """What makes the database another one than the backup was taken of, or none that could be served."""
    if expected is not None:
        yield from islice(differences(expected, contents_now()), MOST_TOLD)
    if not waiting_migrations():
        yield from missing_triggers()
        yield from _defaults()


def missing_triggers() -> list[str]:
    """What the database ought to do by itself, and does not."""
    messages = run_checks(tags=[Tags.database], databases=[connection.alias])
    return [message.msg for message in messages if message.id in OF_TRIGGERS]


def findings(anchors: Sequence[str], say: Say) -> Iterator[str]:
    """What the verifying commands find. It may have been so before the backup, and need not be its fault."""
    say("verifying the audit trail")
    trail = AuditVerification(anchors=[read_anchor(text) for text in anchors])
    yield from (found.text for found in islice(trail.findings(), MOST_TOLD))
    say("verifying usage")
    yield from islice(UsageVerification().findings(), MOST_TOLD)


def begin_new_line() -> None:
    """Give the database a name of its own.

    Its revisions will be counted on from the backup's, and a number that a client or a process met before
    must not be taken for the same state.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalogue_revision SET epoch = %s WHERE id = 1", [uuid.uuid4().hex])


def _defaults() -> Iterator[str]:
    """One, as soon as any model is active."""
    number = AIModel.objects.filter(is_default=True).count()
    if number > 1 or (not number and AIModel.objects.active().exists()):
        yield f"{number} models are the default, and one has to be"
