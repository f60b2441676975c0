from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError

from models_registry.usage.verifying import Progress, Verification, silent
from videoai.management.operator_command import OperatorCommand
from videoai.management.usage_options import add_choice, chosen_models, chosen_months

MOST_LINES = 200


class Command(OperatorCommand):
    help = """Prove that generations, their keys, the sums of hours, days and months, and the counters agree.

Each disagreement is one line: which row, what stands there and what it should be; the exit status is 1 if
there is any. rollup_usage makes sums and counters anew; a generation or a key that is wrong has to come from
a backup. Of months whose generations were dropped (see USAGE_RETENTION_DAYS) the hours are taken as they are,
and a sketch of theirs that can't be read has to come from a backup, too.

Safe to run at any time: it writes nothing, nobody waits for it, and what is recorded meanwhile does not
disturb it.

--from and --to choose the whole months that they touch. With --model, keys without a generation are not
looked for: a key doesn't say which model it is of.

examples:
  manage.py verify_usage
  manage.py verify_usage --deep
  manage.py verify_usage --from 2026-10-01 --to 2026-11-01 --model google/veo-3     October"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_choice(parser)
        parser.add_argument(
            "--deep",
            action="store_true",
            help="make the fingerprint of each generation anew, too; takes up to half a minute per million",
        )

    def run(self, options: dict[str, Any]) -> None:
        verification = Verification(
            within=chosen_months(options),
            models=chosen_models(options["models"]),
            deep=options["deep"],
            progress=self.progress(options["verbosity"]),
        )
        number = 0
        for number, finding in enumerate(verification.findings(), start=1):
            self.tell(number, finding)
        self.say(f"{verification.generations:,} generations and {verification.sums:,} sums checked.")
        if verification.resting:
            self.say(f"{verification.resting:,} generations lie in no partition; maintain_usage moves them.")
        if verification.late:
            late = counted(verification.late)
            them = "it" if verification.late == 1 else "them"
            self.say(f"{late} of months dropped before came late; maintain_usage sweeps {them} away.")
        self.conclude(number)

    def tell(self, number: int, line: str) -> None:
        if number <= MOST_LINES:
            self.say(line)
        elif number == MOST_LINES + 1:
            self.say("… and more.")

    def conclude(self, findings: int) -> None:
        if findings:
            noun = "disagreement" if findings == 1 else "disagreements"
            raise CommandError(
                f"Usage does not add up: {findings:,} {noun}. rollup_usage makes sums and counters anew."
            )
        self.say("Usage adds up.")

    def progress(self, verbosity: int) -> Progress:
        """Tell on standard error how far it is, to somebody who watches."""

        def tell(what: str) -> None:
            self.stderr.write(what, str)

        return tell if verbosity >= 2 or self.stderr.isatty() else silent


def counted(generations: int) -> str:
    return f"{generations:,} {'generation' if generations == 1 else 'generations'}"
