from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.utils import timezone

from videoai.access import services
from videoai.access.errors import TokenError
from videoai.access.models import ServiceToken
from videoai.access.scopes import TOKEN_SCOPES
from videoai.access.times import read_life, read_span, utc_text
from videoai.management.operator_command import OperatorCommand, add_reason

T = TypeVar("T")
IN_THE_TRAIL = "it stands in the audit trail"
COLUMNS = ("NAME", "PREFIX", "SCOPES", "EXPIRES", "LAST USED", "STATE")
SCOPE_LINES = "\n".join(f"  {scope:14} {words}" for scope, words in TOKEN_SCOPES.items())


class Command(OperatorCommand):
    help = f"""Make, list, rotate and revoke the tokens that programs send as `Authorization: Bearer …`.

A token is shown once, as the last word that is printed; only a digest of it is kept.

scopes:
{SCOPE_LINES}

examples:
  manage.py token create billing --scope catalog:read --scope usage:read
  TOKEN=$(manage.py token create renderer --scope usage:write --expires-in 90d | tail -n 1)
  manage.py token list
  manage.py token rotate renderer --overlap 2h      the old one works for two more hours
  manage.py token revoke renderer --reason "It was in a log file"

`manage.py token create --help`, and so on, lists the options of each."""
    refusals = (TokenError,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True, metavar="create | list | rotate | revoke")
        self.add_create(deeds)
        self.add_list(deeds)
        self.add_rotate(deeds)
        self.add_revoke(deeds)

    def add_create(self, deeds: Any) -> None:
        parser = _add_deed(deeds, "create", self.create, "Make a token and show it, once.")
        parser.add_argument("name", metavar="NAME", help="what it is for; no other live token may have it")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            metavar="SCOPE",
            help=f"what it may do, repeatable: {', '.join(TOKEN_SCOPES)}",
        )
        parser.add_argument(
            "--expires-in",
            type=as_argument(read_life),
            default=services.YEAR,
            metavar="SPAN",
            help="as in 30m, 12h, 90d or 2w, at most ten years, or never (default: 365d)",
        )
        add_reason(parser, IN_THE_TRAIL)

    def add_list(self, deeds: Any) -> None:
        parser = _add_deed(deeds, "list", self.list, "List the live tokens; times are UTC.")
        parser.add_argument("--all", action="store_true", help="the expired and revoked ones, too")

    def add_rotate(self, deeds: Any) -> None:
        parser = _add_deed(
            deeds,
            "rotate",
            self.rotate,
            "Make a new token of the same name and scopes, with a life as long as the old one's, and show "
            "it, once. The old one works until the overlap is over.",
        )
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--overlap",
            type=as_argument(read_span),
            default=services.DEFAULT_OVERLAP,
            metavar="SPAN",
            help="how long both work, at most 30d; 0 ends the old one at once (default: 24h)",
        )
        add_reason(parser, IN_THE_TRAIL)

    def add_revoke(self, deeds: Any) -> None:
        told = "End all live tokens of a name, or one by its prefix, at once and for good."
        parser = _add_deed(deeds, "revoke", self.revoke, told)
        parser.add_argument("name_or_prefix", metavar="NAME_OR_PREFIX")
        add_reason(parser, IN_THE_TRAIL)

    def run(self, options: dict[str, Any]) -> None:
        options["do"](options)

    def create(self, options: dict[str, Any]) -> None:
        issued = services.create(options["name"], scopes=options["scope"], expires_in=options["expires_in"])
        self.show(issued)

    def rotate(self, options: dict[str, Any]) -> None:
        old = services.current_token(options["name"])
        issued = services.rotate(old, overlap=options["overlap"])
        old.refresh_from_db()
        self.say(f"The old token, {old}, works until {utc_text(old.expires_at)}.")
        self.show(issued)

    def revoke(self, options: dict[str, Any]) -> None:
        for token in services.revoke(options["name_or_prefix"]):
            self.say(f"Revoked {token}.")

    def list(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        tokens = ServiceToken.objects.all() if options["all"] else ServiceToken.objects.live(now)
        rows = [row(token, now) for token in tokens]
        if not rows:
            self.say("There are no tokens." if options["all"] else "There are no live tokens.")
            return
        for line in table([COLUMNS, *rows]):
            self.say(line)

    def show(self, issued: services.Issued) -> None:
        """The secret comes last and alone, so that a script can take it from there."""
        token = issued.token
        self.say(f"Token {token} may {', '.join(token.scopes)}; it expires: {utc_text(token.expires_at)}.")
        self.say("Store it safely now, it is not shown again:")
        self.say(issued.text)


def _add_deed(
    deeds: Any, name: str, do: Callable[[dict[str, Any]], None], description: str
) -> ArgumentParser:
    parser: ArgumentParser = deeds.add_parser(name, help=description, description=description)
    parser.set_defaults(do=do)
    return parser


def row(token: ServiceToken, now: datetime) -> Sequence[str]:
    return (
        token.name,
        token.prefix,
        ",".join(token.scopes),
        utc_text(token.expires_at),
        utc_text(token.last_used_at),
        token.state(now).value,
    )


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def as_argument(read: Callable[[str], T]) -> Callable[[str], T]:
    """`read`, with its refusals told as argparse tells them: with the option's name, exit status 2."""

    def reading(text: str) -> T:
        try:
            return read(text)
        except TokenError as error:
            raise ArgumentTypeError(error.message) from error

    return reading
