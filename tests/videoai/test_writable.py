import os
from pathlib import Path

import pytest

from videoai.writable import of_file, of_server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "db.sqlite3"
    path.touch()
    return path


def test_a_file_in_a_folder_that_may_be_written_to_takes_writes(file):
    assert of_file(file) is None


@pytest.mark.parametrize("name", ["db.sqlite3", "."])
def test_both_the_file_and_its_folder_have_to_be_written_to(file, monkeypatch, name):
    closed = file.parent / name
    monkeypatch.setattr(os, "access", lambda place, how: Path(place) != closed)

    refused = of_file(file)

    assert refused is not None
    assert refused.told == f"{closed} may not be written to"


def test_a_database_in_memory_takes_writes(monkeypatch):
    monkeypatch.setattr(os, "access", lambda place, how: False)

    assert of_file(Path("file:memory?mode=memory")) is None


@pytest.mark.parametrize(
    ("standing", "told"),
    [((True, True), "it is a replica, which takes no writes"), ((False, True), "it takes no writes")],
)
def test_a_server_that_only_reads_says_why(standing, told):
    refused = of_server(*standing)

    assert refused is not None
    assert refused.told == told
    assert of_server(False, False) is None
