"""A PostgreSQL of one's own: a primary, a replica that streams from it, and how each of them breaks."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

import psycopg

from videoai.deploy.local.processes import PATIENCE, free_port, program, run, running
from videoai.postgresql_programs import places

PLACES = places()
PACKAGE = "postgresql"
SUPERUSER = "postgres"


class PostgreSQL:
    """One server, with its data in `folder`; it keeps its port for life.

    Whoever comes from loopback is let in: the data are worth nothing, and nobody else is listened to.
    PostgreSQL refuses to run as root: root runs it as the user `postgres`, whom Debian's package makes.
    """

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._user = SUPERUSER if os.geteuid() == 0 else None

    @classmethod
    def made(cls, folder: Path, *, port: int | None = None, settings: dict[str, str] | None = None) -> Self:
        """A new, empty one, not started yet. `settings` are lines of its postgresql.conf."""
        server = cls(folder, port=port)
        server._own(folder)
        trust = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={SUPERUSER}"]
        # A folder that is made for the occasion need not survive a power cut.
        server._run("initdb", "--no-sync", *trust, f"--pgdata={folder}")
        server.set(
            {
                "listen_addresses": "'127.0.0.1'",
                "port": str(server.port),
                "unix_socket_directories": "''",
                "max_connections": "200",
                "shared_buffers": "'64MB'",
                "hot_standby_feedback": "on",
                # For so long (5 s) a promotion waits when the primary has crashed.
                "wal_retrieve_retry_interval": "'200ms'",
                # So that a primary that was replaced can be wound back to where they parted.
                "wal_log_hints": "on",
                "wal_keep_size": "'512MB'",
                **(settings or {}),
            }
        )
        return server

    def replica(self, folder: Path, *, name: str, port: int | None = None) -> "PostgreSQL":
        """A copy that streams from this one, which has to run, as `name`; not started yet."""
        other = PostgreSQL(folder, port=port)
        other._own(folder)
        source = f"host=127.0.0.1 port={self.port} user={SUPERUSER} application_name={name}"
        how = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        other._run("pg_basebackup", f"--dbname={source}", f"--pgdata={folder}", *how)
        other.set({"port": str(other.port)})
        return other

    def rejoin(self, primary: Self, *, name: str) -> None:
        """Follow the server that was promoted in this one's place, as `name`; not started again yet.

        What it has and the new primary has not is wound back. It takes over the settings, but for its port.
        """
        source = f"{primary.url()}?application_name={name}"
        # Otherwise the new primary tells of the old timeline until its next checkpoint.
        with primary.connect() as connection:
            connection.execute("CHECKPOINT")
        self._run("pg_rewind", f"--target-pgdata={self.folder}", f"--source-server={source}", "-R")
        self.set({"port": str(self.port)})

    def set(self, settings: dict[str, str]) -> None:
        """Add lines to postgresql.conf; the last of a name counts, from the next start or `reload` on."""
        with (self.folder / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def url(self, database: str = "postgres") -> str:
        return f"postgres://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of its own, each statement of which is committed at once."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    # --- Its life ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Returns when it answers."""
        log = self.folder / "server.log"
        self._run("pg_ctl", "start", "-w", f"-t{PATIENCE:.0f}", f"-D{self.folder}", f"-l{log}", "-s")

    def stop(self, mode: str = "fast") -> None:
        """`fast` cuts who is connected and ends in order; `immediate` is as good as a crash."""
        self._run("pg_ctl", "stop", "-w", f"-t{PATIENCE:.0f}", f"-D{self.folder}", "-m", mode, "-s")

    def kill(self) -> None:
        """End it with kill -9, as the machine's end would: those that it has started notice, and end."""
        pid = int((self.folder / "postmaster.pid").read_text().split()[0])
        group = {pid, *(child for child, known in running().items() if known.parent == pid)}
        os.kill(pid, signal.SIGKILL)
        while group & running().keys():
            time.sleep(0.01)

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def reload(self) -> None:
        self._run("pg_ctl", "reload", f"-D{self.folder}", "-s")

    def promote(self) -> None:
        """Make a replica the primary. Returns when it takes writes."""
        self._run("pg_ctl", "promote", "-w", f"-t{PATIENCE:.0f}", f"-D{self.folder}", "-s")

    def is_running(self) -> bool:
        command = [str(self._program("pg_ctl")), "status", f"-D{self.folder}", "-s"]
        done = subprocess.run(command, check=False, capture_output=True, user=self._user, cwd="/")  # noqa: S603
        return done.returncode == 0

    def wait_for_replica(self, name: str) -> None:
        """Returns when the replica of that name streams. Raises TimeoutError."""
        until = time.monotonic() + PATIENCE
        with self.connect() as connection:
            streams = "SELECT 1 FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming'"
            while not connection.execute(streams, [name]).fetchone():
                if time.monotonic() > until:
                    raise TimeoutError(f"The replica {name} does not stream.")
                time.sleep(0.05)

    def remove(self) -> None:
        """End it, and all that is left of it."""
        if self.is_running():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user is not None:
            user = pwd.getpwnam(self._user)
            os.chown(folder, user.pw_uid, user.pw_gid)

    def _run(self, name: str, *arguments: str) -> None:
        run([self._program(name), *arguments], user=self._user)

    def _program(self, name: str) -> Path:
        return program(name, package=PACKAGE, places=PLACES)
