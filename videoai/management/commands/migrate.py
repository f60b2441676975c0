"""Django's `migrate`, for a PostgreSQL that others use meanwhile; on SQLite, one takes its turn."""

import time
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from models_registry.sqlstates import LOCKED_OUT, sqlstate_of
from videoai.management.lock_waits import Watch, watched
from videoai.management.migration_turns import turn, turn_at_file, waiting_briefly
from videoai.management.operator_command import silence_in_words

TRIES = 10
PAUSE = 2.0  # seconds, in which those who queued behind us get their turn


class Command(migrate.Command):
    """All who come later wait behind a statement that waits for its lock: so it steps back, and tries again.

    Migrations that ran stand; the one that could not is rolled back, and begun anew.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        with silence_in_words():  # checks ask the database before `handle` does
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        connection: Any = connections[options["database"]]
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
        elif connection.vendor == "postgresql":
            self.handle_beside_others(connection, *args, **options)
        elif connection.is_in_memory_db():
            super().handle(*args, **options)
        else:
            with turn_at_file(connection, say=self.tell):
                super().handle(*args, **options)

    def handle_beside_others(self, connection: BaseDatabaseWrapper, *args: Any, **options: Any) -> None:
        seconds = settings.MIGRATION_LOCK_TIMEOUT_SECONDS
        with (
            turn(connection, say=self.tell),
            waiting_briefly(connection, seconds=seconds),
            watched(connection, say=self.tell) as watch,
        ):
            for tried in range(1, TRIES + 1):
                try:
                    super().handle(*args, **options)
                except OperationalError as error:
                    if connection.in_atomic_block or sqlstate_of(error) not in LOCKED_OUT:
                        raise
                    self.tell(
                        f"Stepped back after {seconds} s, so that nobody else waits ({tried} of {TRIES})."
                    )
                    time.sleep(PAUSE)
                else:
                    return
        raise CommandError(given_up(watch, seconds))

    def tell(self, line: str) -> None:
        """On stderr, and whatever the verbosity: somebody wonders why nothing happens."""
        self.stderr.write(line, self.style.NOTICE)


def given_up(watch: Watch, seconds: int) -> str:
    held = "; ".join(str(wait) for wait in watch.last) or "nobody was seen to hold it"
    return (
        f"The lock could not be had in {TRIES} tries of {seconds} s: {held}. Migrations that ran stand, and "
        "nothing is half done. End that transaction, or wait for it, and run migrate again."
    )
