"""The commands, as an operator meets them."""

from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command

from videoai.backup.contents import Contents
from videoai.backup.proving import contents_now


def run(command: str, *arguments: Any) -> str:
    """What it says to the operator; what it says of its progress is left out."""
    out = StringIO()
    call_command(command, *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def refusal(command: str, *arguments: Any) -> str:
    try:
        run(command, *arguments)
    except CommandError as error:
        return str(error)
    raise AssertionError("It was not refused.")


def now() -> Contents:
    return contents_now()
