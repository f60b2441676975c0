"""`python -m tests.chaos.cutting [--quick]`: on the empty database at DATABASE_URL, which is migrated first.

A line of JSON after each write, of all until then.
"""

import json
import logging
import sys
from importlib import import_module

import django
from django.core.management import call_command

import tests.environment  # noqa: F401 - sets what the settings insist on

# Of each kind one, and every so-manieth statement.
QUICK = ("API: change", "API: record", "admin: inline list", "admin: make a token")
QUICK_EVERY = 6


def main() -> None:
    is_quick = "--quick" in sys.argv
    # Each of hundreds of cuts is an error to the log, and none to us.
    logging.disable()
    django.setup()
    call_command("migrate", verbosity=0)
    surgery = import_module("tests.chaos.cutting.surgery")
    with surgery.surgery() as operating:
        for name in QUICK if is_quick else surgery.WRITES:
            found = operating.operate(name, every=QUICK_EVERY if is_quick else 1)
            line = {"figures": found.figures, "faults": found.faults}
            print(json.dumps(line), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
