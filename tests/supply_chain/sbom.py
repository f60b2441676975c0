"""`make sbom`: the bill of materials of what production installs, as CycloneDX 1.6.

The same pins give the same bytes.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from venv import EnvBuilder

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.supply_chain.bill import handed_on

ROOT = Path(__file__).resolve().parent.parent.parent
PINS = "requirements.txt"


def main(target: str) -> None:
    with tempfile.TemporaryDirectory(prefix="production-") as folder:
        bill = handed_on(made(production(Path(folder))))
        if folder in bill or str(ROOT) in bill:
            sys.exit("The bill of materials would tell a path of this machine.")
    refused = JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill)
    if refused is not None:
        sys.exit(f"The bill of materials is no CycloneDX 1.6: {refused}")
    Path(target).parent.mkdir(exist_ok=True)
    Path(target).write_text(bill)
    print(f"{target}: {len(json.loads(bill)['components'])} packages.")  # noqa: T201


def production(folder: Path) -> str:
    """The interpreter of a new environment with what is pinned, and not even pip beside it."""
    EnvBuilder(with_pip=False, symlinks=True).create(folder)
    python = str(folder / "bin/python")
    quietly = ["--quiet", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    pip = [sys.executable, "-m", "pip", "--python", python, "install"]
    subprocess.run([*pip, *quietly, f"--requirement={ROOT / PINS}"], check=True)
    return python


def made(python: str) -> dict[str, Any]:
    tool = str(Path(sys.executable).parent / "cyclonedx-py")
    how = ["--spec-version=1.6", "--output-reproducible", "--output-format=JSON", "--output-file=-"]
    command = [tool, "environment", python, f"--pyproject={ROOT / 'pyproject.toml'}", *how]
    bill: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return bill


if __name__ == "__main__":
    main(*sys.argv[1:])
