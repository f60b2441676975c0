"""`make bench`: what is asked of speed, measured in one run on PostgreSQL.

Ratios stand beside the bars that they are measured by: they depend much less on the machine than times do.
"""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import nullcontext
from importlib import import_module
from time import monotonic
from typing import Any

import django

import tests.environment  # noqa: F401 - sets what the settings insist on
from tests.bench import database
from tests.bench.lines import table

BENCHMARKS = ("batches", "singles", "writers", "memory", "summary", "changelist")
OWN = "videoai_bench"


def main() -> None:
    options = read_options()
    server = os.environ["DATABASE_URL"] or database.USUAL
    address = database.address_of(options.database or OWN, beside=server)
    own = nullcontext() if options.database else database.made(OWN, beside=server, keep=options.keep)
    os.environ.update(DATABASE_URL=address, DJANGO_SETTINGS_MODULE="videoai.settings")
    with own:
        django.setup()
        lines = measured(options)
    for line in table(lines):
        print(line)  # noqa: T201
    if options.strict and any(line.misses for line in lines):
        sys.exit("A bar was missed.")


def measured(options: Namespace) -> list[Any]:
    """The lines of all benchmarks; what they import needs settings first."""
    prepare = import_module("tests.bench.preparing").prepare
    lines = []
    with prepare(generations=options.generations) as bench:
        for name in options.benchmarks or BENCHMARKS:
            begun = monotonic()
            lines += import_module(f"tests.bench.{name}").measure(bench)
            print(f"{name}: {monotonic() - begun:.0f} s", file=sys.stderr)  # noqa: T201
    return lines


def read_options() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = ", ".join(BENCHMARKS)
    parser.add_argument("benchmarks", nargs="*", type=known, metavar="NAME", help=f"some of: {names}")
    parser.add_argument("--generations", type=int, default=50_000, metavar="N", help="of the summary")
    parser.add_argument(
        "--database", metavar="NAME", help="one that stands, instead of a new one; it is kept"
    )
    parser.add_argument("--keep", action="store_true", help=f"don't drop {OWN} afterwards")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a bar is missed")
    return parser.parse_args()


def known(name: str) -> str:
    if name in BENCHMARKS:
        return name
    raise ArgumentTypeError(f"{name} is none of {', '.join(BENCHMARKS)}")


if __name__ == "__main__":
    main()
