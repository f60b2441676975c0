"""What was measured with: figures without it can't be told apart."""

import platform
import re
import shutil
import subprocess
from importlib.metadata import version

import psycopg

from videoai.cores import cores

PACKAGES = ("django", "granian", "uvloop", "psycopg")


def versions(database_url: str) -> str:
    parts = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES)]
    return f"{', '.join([*parts, _postgresql(database_url), _wrk()])}; {cores()} cores."


def _postgresql(database_url: str) -> str:
    with psycopg.connect(database_url) as connection:
        number = connection.info.server_version
    return f"PostgreSQL {number // 10_000}.{number % 10_000}"


def _wrk() -> str:
    if not shutil.which("wrk"):
        return "no wrk"
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"wrk \S*?([0-9][0-9.]*)", said)
    return f"wrk {found[1] if found else 'of an unknown version'}"
