import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError

from videoai.exchange import wording
from videoai.exchange.command import ExchangeCommand
from videoai.exchange.importing import Progress, RowsRefused, import_rows, rehearse_import, silent
from videoai.exchange.located_json import MOST_BYTES, DocumentError
from videoai.exchange.reader import read
from videoai.management.operator_command import add_reason, printable

ROWS_A_STEP = 500


class Command(ExchangeCommand):
    help = """Create and change models, and their rates, from a file: every row of it, or none.

The file is what export_models writes:

  {"format": "videoai-models", "version": 1, "models": [
    {"model_id": "google/veo-3", "name": "Google Veo-3", "cost_per_second": "0.75",
     "supported_durations": [8], "supported_qualities": ["720p", "1080p"], "provider": "Google",
     "replicate_model_id": "google/veo-3", "rates": {"720p": "0.4"}}]}

A model is found by its model_id. Of one that exists, fields that the row leaves out stay as they are.
"rates" are what is set by hand: given, they become the model's only ones; left out, they stay. A key is a
quality, or * for any, and may end in +audio or -audio. A value is dollars a second, or an object such as
{"amount": "2", "unit": "clip", "minimum_charge": "3", "source": "…", "source_fetched_at": "…", "note": "…"};
units are second, clip, megapixel_second and unknown.
"is_default": true moves the default flag to that model; false leaves the flag where it is.
No model is ever removed: to retire one, give it "is_active": false and "is_deprecated": true.

Read as well: {"google/veo-3": {"costPerSecond": 0.75}}, new prices of existing models.

A row that moves a price for customers by more than PRICE_CHANGE_GUARD times (3 unless set otherwise), takes
one off sale or below our costs is a fault unless you say --confirm.

Every fault is told with the line of its row; then nothing is written and the exit status is 1.

examples:
  manage.py import_models models.json --dry-run     tell what would change
  manage.py import_models models.json
  manage.py export_models | ssh other manage.py import_models -"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the file to read; - reads standard input")
        parser.add_argument("--dry-run", action="store_true", help="do everything, then undo it")
        parser.add_argument("--confirm", action="store_true", help="change prices, however far they move")
        add_reason(parser, "it stands in the history of every model changed")

    def run(self, options: dict[str, Any]) -> None:
        attempt = rehearse_import if options["dry_run"] else import_rows
        try:
            rows = read(content_of(options["file"]))
            report = attempt(
                rows,
                confirmed=options["confirm"],
                progress=self.progress(len(rows), options["verbosity"]),
            )
        except DocumentError as error:
            raise CommandError(f"Nothing was imported: {printable(str(error))}") from error
        except RowsRefused as refused:
            for line in wording.problem_lines(refused):
                self.complain(line)
            raise CommandError(f"Nothing was imported: {wording.summary_of_problems(refused)}") from refused
        for line in wording.report_lines(report):
            self.say(line)
        ending = " Dry run: nothing was written." if options["dry_run"] else ""
        self.say(wording.summary(report) + ending)

    def progress(self, rows: int, verbosity: int) -> Progress:
        """Tell on standard error how far it is, to somebody who watches."""

        def tell(tried: int) -> None:
            if tried % ROWS_A_STEP == 0:
                self.stderr.write(f"{tried:,} of {rows:,} rows", str)

        return tell if verbosity >= 2 or self.stderr.isatty() else silent


def content_of(name: str) -> bytes:
    """The bytes of the file, or of standard input for `-`; of too large a one, enough to tell that."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise CommandError(
            f"{printable(name)} can't be read: {getattr(error, 'strerror', None) or error}"
        ) from error
