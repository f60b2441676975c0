"""A backup of SQLite that is moved under a running server is served at once, and written to."""

import http.client
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.server import ROOT, Server

pytestmark = [pytest.mark.sqlite, pytest.mark.slow]

PATHS = ("/api/v1/models/google/veo-3/", "/api/v1/models/", "/api/v1/models/?page_size=1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "served.sqlite3"
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{path}"}
    for command in (["migrate", "-v0"], ["seed_models"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True, stdout=-3
        )
    return path


def rename(path: Path, name: str) -> None:
    with closing(sqlite3.connect(path, timeout=20)) as session:
        session.execute("UPDATE models SET name = ?", [name])
        session.commit()


def names(server: Server) -> set[str]:
    """As all kinds of answers tell them."""
    http_connection = server.connect()
    try:
        return {name for path in PATHS for name in _told(http_connection, path)}
    finally:
        http_connection.close()


def _told(connection: http.client.HTTPConnection, path: str) -> Iterator[str]:
    connection.request("GET", path)
    body: Any = json.loads(connection.getresponse().read())
    for model in body.get("results", [body]):
        yield model["name"]


@pytest.mark.parametrize("edge", ["true", "false"])
def test_a_backup_that_was_moved_there_is_what_is_served(path, edge):
    rename(path, "backup")
    backup = path.with_name("backup")
    with closing(sqlite3.connect(path)) as session, closing(sqlite3.connect(backup)) as copy:
        session.backup(copy)
    with Server(f"sqlite:///{path}", workers=1, environment={"EDGE": edge}) as server:
        rename(path, "later")
        assert names(server) == {"later"}
        backup.rename(path)
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        assert names(server) == {"backup"}
        rename(path, "newest")
        assert names(server) == {"newest"}
