"""Under which licences the installed packages stand, and whether we may use them."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

from tests.supply_chain.allowed import Allowed


def installed(program: str, *, python: str) -> list[dict[str, Any]]:
    """What pip-licenses, at `program`, says of the packages of that interpreter: Name, Version, License."""
    command = [program, f"--python={python}", "--from=mixed", "--format=json"]
    packages: list[dict[str, Any]] = json.loads(
        subprocess.run(command, capture_output=True, check=True).stdout
    )
    return packages


def faults(packages: Sequence[dict[str, Any]], allowed: Allowed) -> Iterator[str]:
    for package in packages:
        name, licence = package["Name"].lower(), package["License"]
        if allowed.packages.get(name) != licence and not is_allowed(licence, allowed.licences):
            yield (
                f"{package['Name']} {package['Version']} is under “{licence}”, which is not among what "
                "tests/supply_chain/allowed.toml lets pass."
            )


def is_allowed(licence: str, allowed: set[str]) -> bool:
    """One side of each OR, with all that it asks for. What is listed with semicolons holds together."""
    return any(
        all(part.strip() in allowed for both in side.split(" AND ") for part in both.split(";"))
        for side in licence.split(" OR ")
    )
