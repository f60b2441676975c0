from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError

from models_registry.audit import ledger
from models_registry.choices import Status
from models_registry.models import AIModel
from models_registry.replicable import Replicable
from models_registry.transactions import whole
from models_registry.values import shown
from videoai.exchange.command import ExchangeCommand
from videoai.exchange.exporting import Export, export, write_whole
from videoai.replicas.answering import from_replica


class Command(ExchangeCommand):
    help = (
        "Write the models and their rates set by hand as JSON that import_models reads back, to FILE or to "
        "standard output. FILE is replaced in one step: it never holds half an export."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        target = parser.add_mutually_exclusive_group()
        target.add_argument(
            "file", nargs="?", metavar="FILE", help="where to write (default: standard output)"
        )
        target.add_argument("-o", "--output", metavar="FILE", help="the same, as an option")
        parser.add_argument(
            "--status",
            action="append",
            default=[],
            help=f"{', '.join(Status.values)}: some of them, comma-separated or repeated (default: all)",
        )

    def run(self, options: dict[str, Any]) -> None:
        wanted = statuses(options["status"])
        exported = from_replica(Replicable.CATALOGUE, lambda: export(AIModel.objects.in_status(*wanted)))
        target = options["file"] or options["output"]
        if target in {None, "-"}:
            # Before it is printed: a pager would hold the transaction open for as long as somebody reads.
            record(exported, to="standard output", of=wanted)
            self.print_whole(exported.text)
            return
        try:
            # Nothing leaves unrecorded, and what could not be written did not leave.
            _write(exported, Path(target), of=wanted)
        except OSError as error:
            raise CommandError(f"{target} could not be written: {error.strerror or error}") from error

    def print_whole(self, text: str) -> None:
        """The file is UTF-8, whatever the terminal's encoding is."""
        buffer = getattr(self.stdout, "buffer", None)
        if buffer is None:
            self.stdout.write(text, ending="")
            return
        buffer.write(text.encode())
        buffer.flush()


@whole
def _write(exported: Export, target: Path, *, of: list[str]) -> None:
    record(exported, to=target.name, of=of)
    write_whole(target, exported.text)


def record(exported: Export, *, to: str, of: list[str]) -> None:
    ledger.record_event("exported", subject=to, models=exported.number, statuses=of)


def statuses(given: list[str]) -> list[str]:
    """The statuses in `--status active,draft --status retired`; all of them if none is given."""
    wanted = [name.strip() for part in given for name in part.split(",")]
    for name in wanted:
        if name not in Status.values:
            raise CommandError(f"{shown(name)} is no status. There are: {', '.join(Status.values)}.")
    return wanted or list(Status.values)
