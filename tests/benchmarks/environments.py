"""What others are made of, each in an environment under `var/`: they are no dependencies of ours."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.server import ROOT

FOLDER = ROOT / "var" / "benchmarks"
PATIENCE = 900  # seconds; the biggest of them brings a hundred packages


def python_of(name: str, packages: Sequence[str]) -> Path | None:
    """The Python that has `packages`, installed now if need be; None, and a sentence, where that fails."""
    folder = FOLDER / name
    installed, wanted = folder / "installed.txt", "\n".join(packages)
    python = folder / "bin" / "python"
    if installed.exists() and installed.read_text() == wanted:
        return python
    print(f"Installing {', '.join(packages)} into {folder} …", file=sys.stderr)  # noqa: T201
    try:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{name} can't be installed here, and stays absent: {error}", file=sys.stderr)  # noqa: T201
        return None
    installed.write_text(wanted)
    return python


def _run(*words: str) -> None:
    subprocess.run(words, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
