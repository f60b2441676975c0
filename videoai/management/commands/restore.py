from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management import CommandError

from videoai.backup.contents import Contents
from videoai.backup.errors import BackupRefused, RestoreRefused
from videoai.backup.files import Busy
from videoai.backup.programs import ProgramFailed
from videoai.backup.restoring import ENGINE_ERRORS, Checked, Restored, Target, check, restore, target_of
from videoai.cores import cores
from videoai.management.operator_command import OperatorCommand, file_refused

MOST_JOBS = 64


class Command(OperatorCommand):
    help = """Put a backup that `backup` has written in the place of the database that DATABASE_URL names.

The backup is restored beside the database and proved there: its digest, the rows of each table, the default
model, triggers, the audit trail up to the entries that were the newest, and the sums of usage. Only if all
of that holds, the two change places, in one step: who kills the command leaves the old database or the new
one. The old one is kept under another name, which is told.

A server may go on running. On SQLite it goes on by itself; on PostgreSQL its connections are cut, and it
makes new ones. What was written since the backup is in the database that is kept, and in it alone: stop who
writes first, if that matters.

The exit status is 0 if the database is the restored one, and 1 if the old one stands as it stood.

examples:
  manage.py restore /var/backups/videoai --dry-run    look at the file, and tell what would be replaced
  manage.py restore /var/backups/videoai              into a database that holds nothing
  manage.py restore /var/backups/videoai --yes        in place of one that does"""

    refusals = (RestoreRefused, BackupRefused, Busy, ProgramFailed, *ENGINE_ERRORS)
    needs_migrations = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="what `backup` has written")
        parser.add_argument("--yes", action="store_true", help="replace a database that holds something")
        parser.add_argument("--dry-run", action="store_true", help="check FILE, and change nothing")
        parser.add_argument("--no-keep", action="store_true", help="drop the old database afterwards")
        parser.add_argument(
            "--without-manifest", action="store_true", help="restore though nobody can tell what was in FILE"
        )
        parser.add_argument(
            "--accept-findings",
            action="store_true",
            help="restore though the audit trail or the sums of usage do not hold",
        )
        parser.add_argument(
            "--no-owner",
            action="store_true",
            help="PostgreSQL: all belongs to the role that restores, and what other roles may do is left out",
        )
        parser.add_argument("--jobs", type=jobs, default=min(4, cores()), help="PostgreSQL: tables at once")

    def run(self, options: dict[str, Any]) -> None:
        path: Path = options["file"].absolute()
        try:
            target = target_of(jobs=options["jobs"], with_owners=not options["no_owner"])
            checked = check(path, target, needs_manifest=not options["without_manifest"], say=self.complain)
            there = target.current()
            self.tell_plan(checked, target, there)
            if options["dry_run"]:
                self.say("Dry run: nothing was changed.")
                return
            if there is not None and not there.is_empty and not options["yes"]:
                raise CommandError(f"{target.name} holds {holds(there)}. Replace it with --yes.")
            restored = restore(
                checked,
                target,
                replaced=holds(there) if there else "nothing",
                keeping=not options["no_keep"] and there is not None and not there.is_empty,
                accepting_findings=options["accept_findings"],
                say=self.complain,
            )
        except OSError as error:
            raise CommandError(file_refused(path, error)) from error
        self.tell(restored, target)

    def tell_plan(self, checked: Checked, target: Target, there: Contents | None) -> None:
        manifest = checked.manifest
        taken = f", taken {manifest.taken_at}" if manifest else ""
        self.say(f"{checked.path}: {checked.contents.told if checked.contents else 'unknown'}{taken}.")
        self.say(f"{target.name}: {holds(there) if there else 'nothing is there'}.")

    def tell(self, restored: Restored, target: Target) -> None:
        for line in restored.findings:
            self.say(f"! {line}")
        self.say(f"Restored into {target.name}: {restored.contents.told}.")
        if restored.kept:
            self.say(f"The old database is kept as {restored.kept}; drop it when you don't need it any more.")
        if restored.waiting:
            self.say(
                f"The backup is of an earlier release: {restored.waiting} migrations are waiting. Run "
                "`manage.py migrate`, then `verify_audit` and `verify_usage`: they need the new tables."
            )


def holds(contents: Contents) -> str:
    """What stands in a database, briefly."""
    if not contents.counts:
        return "nothing"
    if contents.is_empty:
        return "nothing but what migrate lays"
    if not contents.models:
        filled = [table for table, number in contents.counts.items() if number]
        return f"rows in {', '.join(filled[:5])}"
    return contents.told


def jobs(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= MOST_JOBS):
        raise ArgumentTypeError(f"a whole number from 1 to {MOST_JOBS}")
    return int(text)
