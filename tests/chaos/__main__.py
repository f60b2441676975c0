"""`make chaos`: what breaks while VideoAI works, each beside what must hold nevertheless.

On PostgreSQL, Redis and servers of its own, with their data in temporary folders. Exits with 1 on a fault. A
row that can't run here, because a program is missing or a file system can't be mounted, is told as such;
REQUIRE_CHAOS=1 counts it as a fault.
"""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from time import monotonic

from tests.chaos.rows import ROWS, Outcome, outcome_of, table


def main() -> None:
    options = read_options()
    outcomes = []
    try:
        for name in options.rows:
            begun = monotonic()
            say(f"{name} …")
            outcomes.append(outcome_of(ROWS[name], quick=options.quick))
            say(f"{name}: {outcomes[-1].sign} in {monotonic() - begun:.0f} s")
    except KeyboardInterrupt:
        sys.exit("Interrupted; what was started has been taken away again.")
    sys.exit(verdict(outcomes, strict=os.environ.get("REQUIRE_CHAOS") == "1"))


def verdict(outcomes: Sequence[Outcome], *, strict: bool) -> int:
    """Print the table and what is wrong; 1 if anything is."""
    for line in table(outcomes):
        print(line)  # noqa: T201
    for outcome in outcomes:
        for fault in outcome.faults:
            print(f"{outcome.sign} {outcome.title}: {fault}")  # noqa: T201
    wrong = [outcome for outcome in outcomes if outcome.faults and (outcome.shown or strict)]
    return 1 if wrong else 0


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def read_options() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("rows", nargs="*", type=known, metavar="NAME", help=f"some of: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="the short form of each")
    options = parser.parse_args()
    options.rows = options.rows or list(ROWS)
    return options


def known(name: str) -> str:
    if name in ROWS:
        return name
    raise ArgumentTypeError(f"{name} is none of {', '.join(ROWS)}")


if __name__ == "__main__":
    main()
