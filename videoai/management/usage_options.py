"""What the commands on usage let one choose: months, and models."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import CommandError

from models_registry.models import AIModel
from models_registry.usage.periods import EARLIEST, LATEST
from models_registry.usage.sums import Scope, months_between
from models_registry.usage.windows import read_moment
from models_registry.values import shown


def add_choice(parser: ArgumentParser) -> None:
    moment_help = "a date or a time, as in 2026-11-01 or 2026-11-22T19:18:05Z"
    parser.add_argument(
        "--from", dest="start", type=moment, metavar="TIME", help=f"since then: {moment_help}"
    )
    parser.add_argument(
        "--to", dest="end", type=moment, metavar="TIME", help="up to then; that moment itself is not included"
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        dest="models",
        metavar="MODEL_ID",
        help="only this model; can be repeated",
    )


def chosen_months(options: dict[str, Any]) -> Scope | None:
    """The whole months that --from and --to touch; None if neither is given."""
    start, end = options["start"], options["end"]
    if start is None and end is None:
        return None
    start, end = start or EARLIEST, end or LATEST
    if start >= end:
        raise CommandError("--from has to lie before --to.")
    return months_between(start, end)


def chosen_models(model_ids: Iterable[str]) -> list[int]:
    """Primary keys, in ascending order."""
    found = {}
    for model_id in model_ids:
        found[model_id] = AIModel.objects.with_model_id(model_id).values_list("pk", flat=True).first()
        if found[model_id] is None:
            raise CommandError(f"There is no model {shown(model_id)}.")
    return sorted(pk for pk in found.values() if pk is not None)


def moment(text: str) -> datetime:
    try:
        return read_moment(text)
    except ValidationError as error:
        if error.code != "invalid":
            raise ArgumentTypeError(error.message.rstrip(".")) from error
        told = f"{shown(text)} is neither a date nor a time, as in 2026-11-22T19:18:05Z"
        raise ArgumentTypeError(told) from error
