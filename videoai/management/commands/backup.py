from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from models_registry.values import shown
from videoai.backup.errors import BackupRefused
from videoai.backup.files import Busy
from videoai.backup.manifest import beside
from videoai.backup.programs import ProgramFailed
from videoai.backup.sqlite import COMPANIONS
from videoai.backup.taking import Taken, take
from videoai.management.operator_command import OperatorCommand, file_refused


class Command(OperatorCommand):
    help = """Write the whole database, as it stands at one moment, to FILE; the server goes on meanwhile.

On SQLite FILE is a database like the one in use. On PostgreSQL it is an archive of pg_dump, which has to be
installed, and no older than the server. FILE.manifest.json, beside it, says what is in it: rows of each
table, the default model, the newest audit entries, and FILE's SHA-256. `restore` proves by it that all came
back, so keep the two together.

FILE appears when it is whole; who kills the command leaves FILE.partial at most. It is readable by its owner
only: the digests of passwords and tokens are in it. Works also while migrations are waiting.

examples:
  manage.py backup /var/backups/videoai-2026-11-30
  manage.py backup /var/backups/videoai --yes               replace what is there
  manage.py backup /var/backups/videoai --from replica_1    read a replica, and leave the primary alone"""

    refusals = (BackupRefused, Busy, ProgramFailed)
    needs_migrations = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="where to write")
        parser.add_argument("--yes", action="store_true", help="replace FILE if it is there")
        parser.add_argument(
            "--from",
            dest="alias",
            default="default",
            metavar="DATABASE",
            help="which to read: default, or a replica such as replica_1",
        )

    def run(self, options: dict[str, Any]) -> None:
        path: Path = options["file"].absolute()
        self.refuse(path, alias=options["alias"], replacing=options["yes"])
        try:
            taken = take(path, alias=options["alias"], say=self.complain)
        except OSError as error:
            raise CommandError(file_refused(path, error)) from error
        self.say(summary(path, taken))

    def refuse(self, path: Path, *, alias: str, replacing: bool) -> None:
        if alias not in connections:
            raise CommandError(f"--from {shown(alias)} is none of the databases: {', '.join(connections)}.")
        if path.is_dir():
            raise CommandError(f"{path} is a folder. Name a file in it.")
        if path.exists() and not path.is_file():
            raise CommandError(f"{path} is no ordinary file, and can't be replaced. Choose another name.")
        there = [file for file in (path, beside(path)) if file.exists()]
        if there and not replacing:
            raise CommandError(f"{there[0]} is there already. Choose another name, or replace it with --yes.")
        if path.resolve() in files_of(connections[alias]):
            raise CommandError(f"{path} is the database itself. Choose another name.")


def files_of(connection: BaseDatabaseWrapper) -> set[Path]:
    """What SQLite keeps the database in, however it is written; nothing on PostgreSQL."""
    if connection.vendor != "sqlite":
        return set()
    database = Path(str(connection.settings_dict["NAME"])).resolve()
    return {database, *(Path(f"{database}{companion}") for companion in COMPANIONS)}


def summary(path: Path, taken: Taken) -> str:
    manifest = taken.manifest
    return f"{path}: {manifest.bytes:,} bytes in {taken.seconds:.1f} s; {manifest.contents.told}."
