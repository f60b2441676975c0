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
from tests.benchmarks import database, wrk
from tests.benchmarks.lines import table
from tests.benchmarks.versions import versions
from tests.benchmarks.wrk import WrongAnswers

EDGE = ("reads", "writes_beside", "neighbours", "recording", "streams", "others", "sizes")
BENCHMARKS = ("batches", "singles", "writers", "memory", "summary", "changelist", *EDGE)
QUICK = ("reads", "writes_beside", "recording")
OWN = "videoai_bench"


def main() -> None:
    options = read_options()
    if set(EDGE) & set(options.benchmarks):
        wrk.refuse_to_miss()
    server = os.environ["DATABASE_URL"] or database.USUAL
    address = database.address_of(options.database or OWN, beside=server)
    own = nullcontext() if options.database else database.made(OWN, beside=server, keep=options.keep)
    os.environ.update(DATABASE_URL=address, DJANGO_SETTINGS_MODULE="videoai.settings")
    with own:
        django.setup()
        lines, failures = measured(options)
        print(f"{versions(address)}\n")  # noqa: T201
    for line in table(lines):
        print(line)  # noqa: T201
    if failures:
        sys.exit("\n".join(failures))
    if options.strict and any(line.misses for line in lines):
        sys.exit("A bar was missed.")


def measured(options: Namespace) -> tuple[list[Any], list[str]]:
    """The lines of all benchmarks, and what kept any from being measured.

    What they import needs settings first.
    """
    prepare = import_module("tests.benchmarks.preparing").prepare
    lines: list[Any] = []
    failures = []
    with prepare(generations=options.generations, quick=options.quick) as bench:
        for name in options.benchmarks:
            begun = monotonic()
            say(f"{name} …")
            try:
                lines += import_module(f"tests.benchmarks.{name}").measure(bench)
            except (WrongAnswers, RuntimeError, OSError) as error:  # the other benchmarks are worth a table
                failures.append(f"{name}: {error}")
                say(failures[-1])
            say(f"{name}: {monotonic() - begun:.0f} s")
    return lines, failures


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def read_options() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = ", ".join(BENCHMARKS)
    parser.add_argument("benchmarks", nargs="*", type=known, metavar="NAME", help=f"some of: {names}")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"fewer rounds and lines; {', '.join(QUICK)} unless some are named",
    )
    parser.add_argument("--generations", type=int, default=50_000, metavar="N", help="of the summary")
    parser.add_argument(
        "--database", metavar="NAME", help="one that stands, instead of a new one; it is kept"
    )
    parser.add_argument("--keep", action="store_true", help=f"don't drop {OWN} afterwards")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a bar is missed")
    options = parser.parse_args()
    options.benchmarks = options.benchmarks or (QUICK if options.quick else BENCHMARKS)
    return options


def known(name: str) -> str:
    if name in BENCHMARKS:
        return name
    raise ArgumentTypeError(f"{name} is none of {', '.join(BENCHMARKS)}")


if __name__ == "__main__":
    main()
