from argparse import ArgumentParser
from typing import Any

from videoai.exchange.command import ExchangeCommand
from videoai.exchange.seed import rehearse_seed, seed


class Command(ExchangeCommand):
    help = (
        "Plant what a catalogue begins with: the quality tiers, the pricing policy, three models and the "
        "groups Model admins and Model viewers. Only what is missing is planted; nothing that stands is "
        "changed. Safe to run again, also twice at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would be planted, and plant nothing"
        )

    def run(self, options: dict[str, Any]) -> None:
        report = rehearse_seed() if options["dry_run"] else seed()
        for name in report.planted:
            self.say(f"planted {name}")
        for name in report.kept:
            self.say(f"kept {name}")
        ending = " Dry run: nothing was written." if options["dry_run"] else ""
        self.say(f"{len(report.planted)} planted, {len(report.kept)} kept.{ending}")
