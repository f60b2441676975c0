"""Can this process do its work? Asked every few seconds: it costs two small queries, and reads no files."""

import threading
from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from videoai.writable import refusal

# Set by the edge once its process is told to end: whoever spreads requests sends no more. Without the edge
# nobody could ask any more: the server hangs up at once on all but those whose answer is under way.
ending = threading.Event()

Migration = tuple[str, str]  # app, name


class NotReady(Exception):
    """Why not, in a sentence for whoever runs us; `check` names what failed."""

    def __init__(self, check: str, told: str) -> None:
        super().__init__(told)
        self.check = check


def refuse_unready() -> None:
    """Raise NotReady, or DatabaseError if the database does not answer."""
    if ending.is_set():
        raise NotReady("process", "This process is about to end.")
    if number := waiting_migrations():
        raise NotReady("migrations", f"{number} migrations have not run: python manage.py migrate.")
    if refusal():
        raise NotReady(
            "writable",
            "The database takes no writes: it is a standby, or its disk or folder only reads.",
        )


def waiting_migrations() -> int:
    """How many migrations have not run on the database. Raises DatabaseError if it does not answer."""
    applied = _applied()
    return sum(
        name not in applied and not (replaced and replaced <= applied) for name, replaced in _known().items()
    )


@cache
def _known() -> dict[Migration, frozenset[Migration]]:
    """Every migration that this release has, and those that it stands for; read once, as the code is."""
    loader = MigrationLoader(None)
    return {
        name: frozenset(loader.disk_migrations[name].replaces)
        for name in loader.graph.nodes
        if name in loader.disk_migrations
    }


def _applied() -> frozenset[Migration]:
    recorder = MigrationRecorder(connection)
    try:
        return frozenset(recorder.migration_qs.values_list("app", "name"))
    except DatabaseError:
        if recorder.has_table():
            raise
        return frozenset()
