import os
import sys
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError

from models_registry.errors import CatalogueError
from videoai.access.occasions import operator_at_work
from videoai.exchange.wording import printable
from videoai.operations import waiting_migrations


class ExchangeCommand(BaseCommand):
    """A command on the whole catalogue: refuses an unfinished database, and fails in words."""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_unmigrated()
            with operator_at_work(self.name, reason=options.get("reason") or ""):
                self.run(options)
        except BrokenPipeError:
            # As in `| head`: the work is done, and the interpreter would fail again flushing on exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except DatabaseError as error:
            raise CommandError(f"The database refused: {printable(str(error).strip())}") from error
        except CatalogueError as error:
            raise CommandError(printable(error.message)) from error

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def run(self, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def say(self, line: str) -> None:
        self.stdout.write(_encodable(printable(line), self.stdout))

    def complain(self, line: str) -> None:
        self.stderr.write(_encodable(printable(line), self.stderr))


def refuse_unmigrated() -> None:
    waiting = waiting_migrations()
    if waiting:
        raise CommandError(
            f"The database is not up to date ({waiting} migrations are waiting). "
            "Run `python manage.py migrate` first."
        )


def _encodable(line: str, stream: Any) -> str:
    """`line` as a terminal that knows no UTF-8 can show it."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return line.encode(encoding, "backslashreplace").decode(encoding)
