"""The connection to the database is cut before each statement of each write, one by one.

Once: the write is done all the same. For good: 503, and nothing has happened. At a commit whose answer is
lost: it says that nobody knows. The whole state is compared, in every table.
"""

import json
import os
import subprocess
import sys

from tests.chaos.shown import Say, Shown
from tests.chaos.stage import DATABASE, folder, postgresql
from tests.server import ROOT

TITLE = "connection cut before each SQL statement of each write, one by one"
QUICK_TITLE = "connection cut before each sixth SQL statement of four writes"
MUST_SHOW = "0 partial states"


def run(*, quick: bool, say: Say) -> Shown:
    with folder() as place, postgresql(place, settings={"fsync": "off"}) as server:
        return _cut(server.url(DATABASE), quick=quick, say=say)


def _cut(address: str, *, quick: bool, say: Say) -> Shown:
    """In a process of its own, whose Django knows that database and no other."""
    command = [sys.executable, "-m", "tests.chaos.cutting", *(["--quick"] if quick else [])]
    environment = {**os.environ, "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "videoai.settings"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    told: dict[str, object] = {}
    with process:
        for line in process.stdout or ():
            told = json.loads(line)
            say(str(told["figures"]))
    if process.returncode or not told:
        return Shown("", [f"The process that cuts ended with {process.returncode}."])
    return Shown(str(told["figures"]), [str(fault) for fault in told["faults"]])  # type: ignore[attr-defined]
