"""`make audit`: known holes in what is pinned, and licences of what is installed."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from tests.supply_chain import allowed, holes, licences


def main(python: str) -> int:
    """The exit status: 1 on findings.

    `python` is the interpreter of what is looked through; the tools stand beside our own.
    """
    try:
        passes = allowed.read(allowed.FILE.read_text())
    except ValueError as error:
        sys.exit(str(error))
    beside = Path(sys.executable).parent
    told = holes.look(str(beside / "pip-audit"), allowed=passes.holes, today=datetime.now(UTC).date())
    packages = licences.installed(str(beside / "pip-licenses"), python=python)
    faults = [*told.faults, *licences.faults(packages, passes)]
    for warning in told.warnings:
        say(f"Warning: {warning}")
    counted = Counter(package["License"] for package in packages)
    say(f"{len(packages)} packages are installed, under:")
    for licence, number in counted.most_common():
        say(f"{number:4} {licence}")
    for fault in faults:
        say(f"FAULT: {fault}")
    return 1 if faults else 0


def say(line: str) -> None:
    print(line)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
