"""Reads `allowed.toml`: licences, packages that are let pass, and holes with the day their pass ends."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).with_suffix(".toml")
WANTED: dict[str, dict[str, type]] = {
    "package": {"names": list, "licence": str},
    "hole": {"id": str, "until": date},
}


class Allowed(NamedTuple):
    licences: set[str]
    packages: dict[str, str]  # name → the one licence under which it is let pass
    holes: dict[str, date]  # id → the last day on which it is let pass


def read(text: str) -> Allowed:
    """Raises ValueError that names what is missing."""
    told: dict[str, Any] = tomllib.loads(text)
    for kind, wanted in WANTED.items():
        for entry in told.get(kind, []):
            for key, type_of_it in {**wanted, "reason": str}.items():
                if not isinstance(entry.get(key), type_of_it) or not entry[key]:
                    raise ValueError(f"{FILE.name}: the {kind} {entry} has no {key}.")
    return Allowed(
        licences=set(told.get("licences", [])),
        packages={name: entry["licence"] for entry in told.get("package", []) for name in entry["names"]},
        holes={entry["id"]: entry["until"] for entry in told.get("hole", [])},
    )
