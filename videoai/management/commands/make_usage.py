from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from time import monotonic
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from models_registry.models import AIModel
from models_registry.usage import loading, synthesis
from models_registry.usage.models import GenerationKey
from models_registry.usage.partitions import Busy
from models_registry.usage.periods import EARLIEST, Grain
from models_registry.usage.reports import Report
from models_registry.usage.synthesis import Plan
from videoai.management.operator_command import OperatorCommand

MOST = 100_000_000
BATCH = 20_000  # generations of one transaction; more are no faster
STEP = 100_000  # generations between two signs of life


class Command(OperatorCommand):
    help = f"""Fill the usage tables with generations that nobody made: for development, never for production.

They look like real ones: models differ in demand, speed and failures, days and weeks have their rhythm, and
business grows. Their ids are {synthesis.PREFIX}SEED-NUMBER. The same seed, catalogue and options make the
same generations again; what stands is not made twice, so a run that was stopped goes on where it was.

A database with real generations is left alone, unless --mix is given: nothing could tell them apart in the
sums.

examples:
  manage.py make_usage
  manage.py make_usage --generations 10000000 --seed 7 --until 2026-07-01"""
    refusals = (Busy,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--generations",
            type=whole(1, MOST),
            default=10_000,
            metavar="N",
            help="how many in all (default: 10000)",
        )
        parser.add_argument(
            "--days",
            type=whole(1, 10_000),
            default=365,
            metavar="N",
            help="in how many days (default: 365)",
        )
        parser.add_argument(
            "--until",
            type=midnight,
            metavar="DATE",
            help="the day before which they finished, as in 2026-07-01 (default: up to the hour that it is)",
        )
        parser.add_argument(
            "--seed", type=whole(0, MOST), default=1, metavar="N", help="of the randomness (default: 1)"
        )
        parser.add_argument("--mix", action="store_true", help="even among real generations")
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would be made, and make nothing"
        )

    def run(self, options: dict[str, Any]) -> None:
        plan = planned(options, now=timezone.now())
        refuse_unfit(plan, mixing=options["mix"])
        done = GenerationKey.objects.filter(pk__startswith=plan.prefix).count()
        missing = max(plan.generations - done, 0)
        if done:
            self.say(f"{done:,} of seed {plan.seed} stand already; {missing:,} are missing.")
        if options["dry_run"]:
            self.say(f"{missing:,} {told(plan)} would be made. Dry run: nothing was written.")
            return
        if not missing:
            return
        begun = monotonic()
        loading.make_room(plan.months())
        self.load(islice(synthesis.generations(plan), done, None), verbosity=options["verbosity"])
        self.say(f"{missing:,} {told(plan)} made in {monotonic() - begun:,.1f} seconds.")

    def load(self, reports: Iterator[Report], *, verbosity: int) -> None:
        """In transactions that leave the tables in agreement, each."""
        watched = verbosity >= 2 or self.stderr.isatty()
        done = 0
        while batch := list(islice(reports, BATCH)):
            loading.load(batch)
            done += len(batch)
            if watched and done % STEP < BATCH:
                self.stderr.write(f"{done:,} generations, up to {batch[-1].finished_at:%Y-%m-%d}", str)
        if done:
            loading.refresh_statistics()


def planned(options: dict[str, Any], *, now: datetime) -> Plan:
    until = options["until"] or Grain.HOUR.start_of(now.astimezone(UTC))
    if until > now:
        raise CommandError(f"--until {until.date()} has not come yet.")
    if until - EARLIEST < timedelta(days=options["days"]):
        raise CommandError(f"{options['days']:,} days before {until.date()} is before {EARLIEST.date()}.")
    return Plan(seed=options["seed"], generations=options["generations"], days=options["days"], until=until)


def refuse_unfit(plan: Plan, *, mixing: bool) -> None:
    if not AIModel.objects.exists():
        raise CommandError("There are no models. Run `python manage.py seed_models` or import some first.")
    real = GenerationKey.objects.exclude(pk__startswith=synthesis.PREFIX)
    if not mixing and real.exists():
        raise CommandError(
            "There are real generations in this database, and their figures would be spoilt for good. "
            "Use another database; --mix does it all the same."
        )


def told(plan: Plan) -> str:
    return f"generations from {plan.start:%Y-%m-%d %H:%M} to {plan.until:%Y-%m-%d %H:%M} UTC"


def whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most:
            return int(text)
        raise ArgumentTypeError(f"{text} is no whole number from {least:,} to {most:,}")

    return read


def midnight(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is no day, as in 2026-07-01") from error
