"""A primary and its replica, with the catalogue in both, and commands of ours beside them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.server import ROOT
from videoai.deploy.local.postgresql import SUPERUSER, PostgreSQL

NAME = "videoai"
PATIENCE = 20.0


class Pair(NamedTuple):
    primary: PostgreSQL
    replica: PostgreSQL

    @property
    def url_of_both(self) -> str:
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self)
        return f"postgres://{SUPERUSER}@{hosts}/{NAME}?target_session_attrs=read-write"

    def manage(self, *words: str, **environment: str) -> str:
        """What `manage.py` says, with the primary in DATABASE_URL."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": self.primary.url(NAME), **environment},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def asked_of_replica(self) -> str:
        """All that it was ever asked, but by whoever looks after it."""
        return (self.replica.folder / "server.log").read_text()

    def sql(self, server: PostgreSQL, statement: str) -> object:
        with server.connect(NAME) as connection:
            found = connection.execute(statement)
            row = found.fetchone() if found.description else None
        return row[0] if row else None

    def cut_off_replica(self) -> None:
        """What is written from now on never comes; the replica answers as before."""
        self._stream_from("port=1")

    def reconnect_replica(self) -> None:
        place = f"host=127.0.0.1 port={self.primary.port} user={SUPERUSER}"
        self._stream_from(f"{place} application_name=replica_1")

    def _stream_from(self, source: str) -> None:
        self.sql(self.replica, f"ALTER SYSTEM SET primary_conninfo = '{source}'")
        self.sql(self.replica, "SELECT pg_reload_conf()")

    def wait_until_even(self) -> None:
        """Returns when the replica has all that the primary has now."""
        place = self.sql(self.primary, "SELECT pg_current_wal_insert_lsn()")
        until(lambda: self.sql(self.replica, f"SELECT pg_last_wal_replay_lsn() >= '{place}'") is True)


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    primary = PostgreSQL.made(folder / "primary")
    replica = None
    try:
        primary.start()
        with primary.connect() as connection:
            connection.execute(f"CREATE DATABASE {NAME}")
        Pair(primary, primary).manage("migrate", "-v0")
        Pair(primary, primary).manage("seed_models")
        replica = primary.replica(folder / "replica", name="replica_1")
        replica.set({"log_statement": "'all'"})
        replica.start()
        primary.wait_for_replica("replica_1")
        yield Pair(primary, replica)
    finally:
        for server in filter(None, (replica, primary)):
            server.remove()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "It does not come to be."
        time.sleep(0.05)
