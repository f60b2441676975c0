from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from models_registry.usage.rebuilding import Progress, Rebuilt, Unreadable, rebuild, rehearse_rebuild, silent
from videoai.management.operator_command import OperatorCommand
from videoai.management.usage_options import add_choice, chosen_models, chosen_months


class Command(OperatorCommand):
    help = """Make the sums of usage anew from the generations that they are made of.

Recording itself keeps the sums up to date; this is for when verify_usage finds that they don't agree, say
after raw SQL. The sums of hours are made from generations, those of days from hours, of months from days, and
the counters of models from all months. Only rows that are wrong are written. Of months whose generations were
dropped (see USAGE_RETENTION_DAYS) the hours stay as they are; where one can't be read, nothing is made.
Rows of no grain or time that usage can be of are deleted, unless months or models are chosen.

Safe to run at any time: recording goes on, and waits for the sums of one wrong day, or month, at most. Not so
in a dry run, which is one transaction: from the first wrong day on, recording waits until it ends.
verify_usage tells what is wrong without anybody waiting.

--from and --to choose the whole months that they touch.

examples:
  manage.py rollup_usage
  manage.py rollup_usage --from 2026-10-01 --to 2026-11-01     October
  manage.py rollup_usage --model google/veo-3 --dry-run"""

    refusals = (Unreadable,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_choice(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="do it, tell what would change, and undo it"
        )

    def run(self, options: dict[str, Any]) -> None:
        attempt = rehearse_rebuild if options["dry_run"] else rebuild
        rebuilt = attempt(
            within=chosen_months(options),
            models=chosen_models(options["models"]),
            progress=self.progress(options["verbosity"]),
        )
        ending = " Dry run: nothing was written." if options["dry_run"] else ""
        self.say(f"{told(rebuilt)}{ending}")

    def progress(self, verbosity: int) -> Progress:
        """Tell on standard error how far it is, to somebody who watches."""

        def tell(month: datetime) -> None:
            self.stderr.write(f"{month:%Y-%m}", str)

        return tell if verbosity >= 2 or self.stderr.isatty() else silent


def told(rebuilt: Rebuilt) -> str:
    if not rebuilt.rows:
        return "Nothing was wrong."
    parts = f"{rebuilt.hours:,} of hours, {rebuilt.days:,} of days, {rebuilt.months:,} of months"
    noun = "row" if rebuilt.rows == 1 else "rows"
    parts = f"{parts}, {rebuilt.counters:,} of counters"
    parts += f", {rebuilt.strange:,} of no such grain or time" if rebuilt.strange else ""
    return f"{rebuilt.rows:,} {noun} corrected: {parts}."
