from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from typing import Any

from django.core.management import CommandError

from models_registry.audit.models import AuditHead, Book
from models_registry.audit.unexplained import Row, adopt, rehearse_adoption
from models_registry.audit.verifying import Anchor, Progress, Verification, read_anchor, silent
from videoai.management.operator_command import OperatorCommand, reason

MOST_LINES = 200
STEP = 10_000


class Command(OperatorCommand):
    help = """Check that the audit trail is whole, and that it explains every row it watches over.

Finds entries that were edited, removed, put in or moved, entries cut off the end, and models, tiers, rates,
policies and tokens that were changed, added or deleted past the trail, say by raw SQL. A line each; the exit
status is 1 if there is any.

The last lines name the newest entry of each book as BOOK:NUMBER:DIGEST. Keep them somewhere else: only they,
given as --anchor later, show that nobody has computed the chain anew, or cut off its end and mended the head.

--adopt explains rows after the fact: after a restored backup, loaddata or SQL that was meant. Each such row
gets an entry with its present state and your reason. Entries that were edited or removed stay findings.

examples:
  manage.py verify_audit
  manage.py verify_audit --anchor catalogue:1042:9f2c…
  manage.py verify_audit --adopt "Prices corrected by SQL, ticket 7" --dry-run"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchor",
            type=anchor,
            action="append",
            default=[],
            metavar="BOOK:NUMBER:DIGEST",
            help="an entry that was written down earlier and still has to be there; can be repeated",
        )
        parser.add_argument(
            "--adopt",
            type=reason_given,
            dest="reason",
            metavar="REASON",
            help="explain rows that no entry explains",
        )
        parser.add_argument("--dry-run", action="store_true", help="with --adopt: do it, then undo it")

    def run(self, options: dict[str, Any]) -> None:
        adopting = options["reason"] is not None
        if options["dry_run"] and not adopting:
            raise CommandError("--dry-run goes with --adopt; verifying alone writes nothing anyway.")
        verification = Verification(
            anchors=options["anchor"], progress=self.progress(verbosity=options["verbosity"])
        )
        standing, rows = 0, []
        for finding in verification.findings():
            if adopting and finding.row is not None:
                rows.append(finding.row)
                continue
            standing += 1
            self.tell(standing, finding.text)
        newest = verification.newest
        if adopting:
            adopted = self.adopt(rows, rehearsing=options["dry_run"])
            standing += adopted if options["dry_run"] else 0
            newest = heads()
        self.say(f"{verification.entries:,} entries and {verification.rows:,} rows checked. Newest entries:")
        for last in newest:
            self.say(str(last))
        self.conclude(standing)

    def adopt(self, rows: Iterable[Row], *, rehearsing: bool) -> int:
        adopted = (rehearse_adoption if rehearsing else adopt)(rows)
        for number, found in enumerate(adopted, start=1):
            self.tell(number, f"adopted: {found.told}")
        ending = " Dry run: nothing was written." if rehearsing else ""
        self.say(f"{len(adopted):,} adopted.{ending}")
        return len(adopted)

    def conclude(self, findings: int) -> None:
        if findings:
            noun = "finding" if findings == 1 else "findings"
            raise CommandError(f"The audit trail does not hold: {findings:,} {noun}.")
        self.say("The audit trail holds.")

    def tell(self, number: int, line: str) -> None:
        if number <= MOST_LINES:
            self.say(line)
        elif number == MOST_LINES + 1:
            self.say("… and more.")

    def progress(self, *, verbosity: int) -> Progress:
        """Tell on standard error how far it is, to somebody who watches."""
        told: dict[str, int] = {}

        def tell(done: int, what: str) -> None:
            if done - told.get(what, 0) >= STEP:
                told[what] = done
                self.stderr.write(f"{done:,} {what}", str)

        return tell if verbosity >= 2 or self.stderr.isatty() else silent


def heads() -> list[Anchor]:
    """The newest entry of each book, those that were written just now included."""
    found = {head.book: head for head in AuditHead.objects.filter(number__gt=0)}
    return [Anchor(book, found[book].number, found[book].digest) for book in Book.values if book in found]


def anchor(text: str) -> Anchor:
    try:
        return read_anchor(text)
    except ValueError as error:
        raise ArgumentTypeError("as in catalogue:1042:9f2c…, the way this command prints them") from error


def reason_given(text: str) -> str:
    if not text.strip():
        raise ArgumentTypeError("say why")
    return reason(text)
