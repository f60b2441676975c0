from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from models_registry.models import QualityTier
from pricing.upstream import litellm
from pricing.upstream.applying import Progress, rehearse_sync, silent, sync
from pricing.upstream.fetching import FetchRefused, fetch, public_name
from pricing.upstream.price_list import SOURCE_LENGTH, ListRefused, ListUnreadable, PriceList
from videoai.exchange import as_price_list
from videoai.exchange.command import ExchangeCommand
from videoai.management.commands.import_models import content_of
from videoai.management.operator_command import add_reason, printable
from videoai.management.sync_wording import problem_lines, report_lines, summary

ENTRIES_A_STEP = 100
READERS: Mapping[str, Callable[..., PriceList]] = {
    litellm.NAME: litellm.read,
    as_price_list.NAME: as_price_list.read_price_list,
}


class Command(ExchangeCommand):
    help = """Take a provider's price list over, beneath what is set by hand.

Formats:
  litellm   the public price map of LiteLLM; its video models count, other kinds are skipped and counted
  videoai   what export_models writes; its prices and rates become the list's, not set by hand; rates with a
            minimum, a source or a note, and one for any quality, are problems: a list can't hold them

What was set by hand stays and goes on covering the list; where a model's own price is what the list set
last, it follows. New models arrive as drafts: check their durations and qualities, then activate them.
Nothing is ever deleted; what a list no longer has is told of.

A price that moves by more than a factor of 3 (the setting PRICE_CHANGE_GUARD), falls to 0 or is paid by
another unit is held for a person to approve or reject under "Prices to approve" in the admin; all else is
taken over. Every problem is told with its entry; then nothing is written and the exit status is 1. The same
list again changes nothing.

A list is fetched by https from the public internet: at most 20 MiB, 30 seconds and 5 redirects, and never
from private addresses. Anything else, fetch yourself and give the file.

examples:
  manage.py sync_prices model_prices.json --format litellm --dry-run     tell what would change
  manage.py sync_prices https://example.com/prices.json --format litellm
  curl … | manage.py sync_prices - --format litellm --source "LiteLLM, 1 July\""""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("list", metavar="FILE|URL", help="the list to read; - reads standard input")
        parser.add_argument("--format", required=True, choices=list(READERS), help="how the list is written")
        parser.add_argument("--dry-run", action="store_true", help="do everything, then undo it")
        parser.add_argument(
            "--source", metavar="TEXT", help="where prices come from whose entry does not say it itself"
        )
        parser.add_argument(
            "--leave-out",
            action="append",
            default=[],
            metavar="KEY",
            help="an entry to pass over, by its key; may be given more than once",
        )
        parser.add_argument(
            "--verbose-diff",
            action="store_true",
            help="tell every price of new models, what notes say, and all that is covered by hand",
        )
        add_reason(parser, "it stands in the history of every model changed")

    def run(self, options: dict[str, Any]) -> None:
        attempt = rehearse_sync if options["dry_run"] else sync
        without = frozenset(options["leave_out"])
        try:
            price_list = self.read(options, without)
            report = attempt(
                price_list,
                at=timezone.now(),
                without=without,
                progress=self.progress(len(price_list.entries), options["verbosity"]),
            )
        except (FetchRefused, ListUnreadable) as error:
            raise CommandError(f"Nothing was taken over: {printable(str(error))}") from error
        except ListRefused as refused:
            for line in problem_lines(refused):
                self.complain(line)
            told = f"Nothing was taken over: {refused}. --leave-out passes an entry over."
            raise CommandError(told) from refused
        for line in report_lines(report, is_full=options["verbose_diff"]):
            self.say(line)
        ending = " Dry run: nothing was written." if options["dry_run"] else ""
        self.say(summary(report) + ending)

    def read(self, options: dict[str, Any], without: frozenset[str]) -> PriceList:
        place: str = options["list"]
        is_url = "://" in place
        content = fetch(place) if is_url else content_of(place)
        source = options["source"] or (public_name(place) if is_url else Path(place).name)
        return READERS[options["format"]](
            content,
            tiers=QualityTier.objects.known_keys(),
            source=source[:SOURCE_LENGTH],
            without=without,
        )

    def progress(self, entries: int, verbosity: int) -> Progress:
        """Tell on standard error how far it is, to somebody who watches."""

        def tell(done: int) -> None:
            if done % ENTRIES_A_STEP == 0:
                self.stderr.write(f"{done:,} of {entries:,} entries", str)

        return tell if verbosity >= 2 or self.stderr.isatty() else silent
