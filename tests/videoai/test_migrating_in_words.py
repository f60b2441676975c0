"""`migrate` and `quickstart` without a database, and two of them at once on a new file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files import locks

from tests.server import ROOT

NOBODY = "postgres://ada:s3cret@127.0.0.1:1/videoai"


def started(*words: str, url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("words", [("migrate",), ("quickstart", "--no-serve")])
def test_a_database_that_does_not_answer_is_told_in_a_sentence(words: tuple[str, ...]) -> None:
    process = started(*words, url=NOBODY)
    _, told = process.communicate(timeout=60)

    assert process.returncode == 1
    assert told.startswith("CommandError: The database does not answer")
    assert "Traceback" not in told
    assert "s3cret" not in told


@pytest.mark.slow
def test_who_migrates_a_file_waits_for_another_who_does(tmp_path: Path) -> None:
    database = tmp_path / "new.sqlite3"
    with Path(f"{database}.migrate").open("w") as other:
        locks.lock(other, locks.LOCK_EX)
        process = started("migrate", "contenttypes", "--verbosity=0", url=f"sqlite:///{database}")
        assert process.stderr is not None
        assert "Another migrate is at work" in process.stderr.readline()
        assert process.poll() is None
    _, told = process.communicate(timeout=60)

    assert (process.returncode, told) == (0, "")
