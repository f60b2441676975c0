"""What our management commands share: who runs them is recorded, and they fail in words."""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from django.core.management import BaseCommand, CommandError
from django.db import Error, InterfaceError, OperationalError

from models_registry.audit.occasion import REASON_LENGTH
from models_registry.transactions import OutcomeUnknown, breakage, done
from models_registry.values import CONTROL
from videoai.access.occasions import operator_at_work
from videoai.readiness import waiting_migrations

LONGEST_LINE = 1_000  # characters
GAVE_UP = (
    "The database does not answer, or others hold its locks. What was under way is undone; run it again in a "
    "moment."
)
OUTCOME_UNKNOWN = (
    "The connection to the database broke at the last moment, so it may be written or not. Look before you "
    "run it again."
)


@contextmanager
def silence_in_words() -> Iterator[None]:
    """A database that does not answer, or refuses to, is told in one line; what is a fault of ours is not."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise CommandError(_told(error, has_written=False)) from error


class OperatorCommand(BaseCommand):
    """Refuses an unfinished database, and tells what was refused in one line, with exit status 1."""

    refusals: ClassVar[tuple[type[Exception], ...]] = ()  # their text is meant for whoever runs the command
    needs_migrations: ClassVar[bool] = True  # a backup is wanted most of all before they run

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if "\n" in self.help:  # with examples, to be shown as they are written
            parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        before = done()
        try:
            if self.needs_migrations:
                refuse_unmigrated()
            with operator_at_work(self.name, reason=options.get("reason") or ""):
                self.run(options)
        except BrokenPipeError:
            # As in `| head`: the work is done, and the interpreter would fail again flushing on exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Error as error:
            raise CommandError(_told(error, has_written=done().commits != before.commits)) from error
        except self.refusals as error:
            raise CommandError(printable(str(error))) from error

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def run(self, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def say(self, line: str) -> None:
        self.stdout.write(_encodable(printable(line), self.stdout))

    def complain(self, line: str) -> None:
        self.stderr.write(_encodable(printable(line), self.stderr))


def _told(error: Error, *, has_written: bool) -> str:
    broken = breakage(error)
    if isinstance(error, OutcomeUnknown) or (broken and has_written):
        return OUTCOME_UNKNOWN
    return GAVE_UP if broken else f"The database refused: {printable(str(error).strip())}"


def add_reason(parser: ArgumentParser, where: str) -> None:
    """Let a command be told why; `where` says where that is read again."""
    parser.add_argument("--reason", type=reason, metavar="TEXT", help=f"why; {where}")


def refuse_unmigrated() -> None:
    waiting = waiting_migrations()
    if waiting:
        raise CommandError(
            f"The database is not up to date ({waiting} migrations are waiting). "
            "Run `python manage.py migrate` first."
        )


def file_refused(path: Path, error: OSError) -> str:
    return f"{error.filename or path}: {error.strerror or error}."


def printable(line: str) -> str:
    """`line` with everything escaped that is no visible character, and shortened if it is endless.

    Files and names may hold what a terminal would obey: colours, cursor moves, reversed writing.
    """
    if len(line) > LONGEST_LINE:
        line = f"{line[: LONGEST_LINE - 1]}…"
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def reason(text: str) -> str:
    if len(text) > REASON_LENGTH or CONTROL.search(text):
        raise ArgumentTypeError(f"one line of at most {REASON_LENGTH} characters is wanted")
    return text


def _encodable(line: str, stream: Any) -> str:
    """`line` as a terminal that knows no UTF-8 can show it."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return line.encode(encoding, "backslashreplace").decode(encoding)
