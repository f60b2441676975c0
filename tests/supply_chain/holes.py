"""Known holes in what is pinned. Findings fail; that nobody could be asked does not."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

PINS = ("requirements.txt", "requirements-dev.txt")
LONGEST = 600  # seconds

# How it looks when the advisories can't be reached; anything else that goes wrong is a fault of ours.
UNREACHABLE = (
    *("ConnectionError", "ConnectTimeout", "ReadTimeout", "NameResolutionError", "Max retries exceeded"),
    *("ProxyError", "SSLError", "HTTPError", "ServiceError", "Service Unavailable"),
)


class Told(NamedTuple):
    faults: list[str]
    warnings: list[str]


def look(program: str, *, allowed: dict[str, date], today: date) -> Told:
    """What pip-audit, at `program`, says of the pins."""
    over = [
        f"{name}: its pass ended on {until}. Mend it, or say anew why not."
        for name, until in allowed.items()
        if until < today
    ]
    passes = [f"--ignore-vuln={name}" for name, until in allowed.items() if until >= today]
    pins = [f"--requirement={file}" for file in PINS]
    how = ["--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off"]
    told = ask([program, *pins, *how, *passes])
    return Told([*over, *told.faults], told.warnings)


def ask(command: Sequence[str]) -> Told:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return Told([], [f"No advisories within {LONGEST} s: nothing was looked up."])
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return unanswered(done.stderr)
    return Told(list(findings(packages)), list(gaps(packages)))


def unanswered(stderr: str) -> Told:
    last = (stderr.strip().splitlines() or ["it said nothing"])[-1]
    if any(sign in stderr for sign in UNREACHABLE):
        return Told([], [f"The advisories could not be reached, nothing was looked up: {last[:300]}"])
    return Told([f"pip-audit failed: {last[:300]}"], [])


def findings(packages: Sequence[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        for hole in package.get("vulns", []):
            mended = ", ".join(hole.get("fix_versions", [])) or "no release yet"
            yield f"{package['name']} {package['version']} has {hole['id']}; mended in {mended}."


def gaps(packages: Sequence[dict[str, Any]]) -> Iterator[str]:
    """An index without advisories answers for no package, and pip-audit takes that for good news."""
    skipped = [package["name"] for package in packages if package.get("skip_reason")]
    if skipped:
        yield (
            f"{len(skipped)} of {len(packages)} packages were not looked up, as the index has no advisories "
            f"for them: {', '.join(skipped[:5])}{', …' if len(skipped) > 5 else '.'}"
        )
