"""One row, in a process of its own: `python -m tests.chaos.one MODULE FILE [--quick]`.

What it has shown goes into the file; how far it is, to standard error.
"""

import json
import sys
import traceback
from importlib import import_module
from pathlib import Path

import tests.environment  # noqa: F401 - sets what the settings insist on
from tests.chaos.rows import Outcome
from videoai.deploy.local.processes import NotInstalled


def main() -> None:
    module, file, *options = sys.argv[1:]
    outcome = run(module, quick="--quick" in options)
    Path(file).write_text(json.dumps(outcome._asdict()))


def run(module: str, *, quick: bool) -> Outcome:
    row = import_module(module)
    title = getattr(row, "QUICK_TITLE", row.TITLE) if quick else row.TITLE
    try:
        figures, faults = row.run(quick=quick, say=say)
    except NotInstalled as missing:
        return Outcome(title, row.MUST_SHOW, "", [str(missing)])
    except Exception as error:  # noqa: BLE001 - told in the table; the other rows are worth it
        traceback.print_exc()
        return Outcome(title, row.MUST_SHOW, "broke off", [f"{type(error).__name__}: {error}"])
    return Outcome(title, row.MUST_SHOW, figures or "nothing", list(faults))


def say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
