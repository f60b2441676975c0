from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from models_registry.usage import horizon, partitions, retention
from videoai.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = """Keep the table of generations in shape: make partitions ahead, and drop what is old.

On PostgreSQL each month has a partition, from the previous one to three months ahead; generations that lie in
none, because they are older, get one and are moved there. (SQLite has one plain table.)

With USAGE_RETENTION_DAYS set, months that ended at least that many days ago are dropped, each after a proof
that its sums agree with its generations; where they don't, it stays, and the exit status is 1. All sums stay,
and so does the id of each generation: reported again, it still counts once.

Safe to run at any time, also twice at once; best every day. Recording goes on, and waits for moments at most.

examples:
  manage.py maintain_usage --dry-run     tell what would be done
  manage.py maintain_usage"""

    refusals = (partitions.Busy, retention.Unproven)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="tell what would be done, and do nothing")

    def run(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        days = settings.USAGE_RETENTION_DAYS
        keep_from = None if days is None else retention.kept_from(now, days=days)
        if not partitions.partitioned(connection):
            self.say(f"{connection.display_name} has no partitions: none to make.")
        if options["dry_run"]:
            self.rehearse(now, keep_from)
        else:
            self.maintain(now, keep_from)

    def maintain(self, now: datetime, keep_from: datetime | None) -> None:
        done = self.make(now, keep_from) + self.sweep()
        done += self.drop(keep_from) if keep_from is not None else 0
        self.say("Done." if done else "Nothing to do.")

    def make(self, now: datetime, keep_from: datetime | None) -> int:
        if not partitions.partitioned(connection):
            return 0
        number = 0
        kept_since = self.kept_since(keep_from)
        for made in partitions.make_missing(connection, now=now, kept_since=kept_since):
            number += 1
            self.say(f"Made {made.name}; {counted(made.moved)} moved into it.")
        return number

    def sweep(self) -> int:
        swept = retention.sweep()
        if swept:
            self.say(f"Swept {counted(swept)} that came late, for months dropped before.")
        return swept

    def drop(self, keep_from: datetime) -> int:
        number = 0
        for month in retention.doomed(keep_from):
            dropped = retention.drop(month)
            if dropped is not None:
                number += 1
                self.say(f"Dropped {dropped.month:%Y-%m}: {counted(dropped.generations)}.")
        return number

    def rehearse(self, now: datetime, keep_from: datetime | None) -> None:
        number = 0
        for line in chain(self.would_make(now, keep_from), would_drop(keep_from)):
            number += 1
            self.say(line)
        self.say("Dry run: nothing was written." if number else "Nothing to do.")

    def would_make(self, now: datetime, keep_from: datetime | None) -> Iterator[str]:
        if partitions.partitioned(connection):
            for month in partitions.missing(connection, now=now, kept_since=self.kept_since(keep_from)):
                made = partitions.planned(connection, month)
                yield f"Would make {made.name} and move {counted(made.moved)} into it."

    def kept_since(self, keep_from: datetime | None) -> datetime | None:
        """What was dropped, and what is about to be, gets no partition."""
        return max(filter(None, (horizon.kept_since(connection), keep_from)), default=None)


def would_drop(keep_from: datetime | None) -> Iterator[str]:
    late = retention.left_over()
    if late:
        yield f"Would sweep {counted(late)} that came late, for months dropped before."
    for month in retention.doomed(keep_from) if keep_from is not None else ():
        retention.prove(month)
        yield f"Would drop {month:%Y-%m}: {counted(retention.generations_in(month))}."


def counted(generations: int) -> str:
    return f"{generations:,} {'generation' if generations == 1 else 'generations'}"
