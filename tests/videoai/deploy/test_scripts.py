"""The scripts that containers start with, on what this machine has."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.videoai.deploy.files import DEPLOY, of_kind
from videoai.deploy.local.postgresql import PLACES, PostgreSQL
from videoai.deploy.local.processes import free_port

SCRIPTS = DEPLOY / "compose"
# PostgreSQL never runs as root.
USER = "postgres" if os.geteuid() == 0 else None


def script(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPTS / name, *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


class TestCertificate:
    def test_one_that_stands_is_left_alone(self, tmp_path):
        for name in ("tls.crt", "tls.key"):
            (tmp_path / name).write_text("mine")

        done = script("certificate.sh", str(tmp_path), SERVER_NAME="models.example", SELF_SIGNED="true")

        assert done.returncode == 0
        assert (tmp_path / "tls.key").read_text() == "mine"

    def test_without_one_nothing_starts_unless_it_is_for_trying_out(self, tmp_path):
        done = script("certificate.sh", str(tmp_path), SERVER_NAME="models.example")

        assert done.returncode == 1
        assert "CERTIFICATES=" in done.stderr
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
    def test_for_trying_out_one_is_made_of_the_name(self, tmp_path):
        done = script("certificate.sh", str(tmp_path), SERVER_NAME="models.example", SELF_SIGNED="true")
        certificate = ["openssl", "x509", "-in", tmp_path / "tls.crt", "-noout", "-checkhost"]

        assert done.returncode == 0, done.stderr
        assert (tmp_path / "tls.key").stat().st_mode & 0o777 == 0o600
        told = subprocess.run([*certificate, "models.example"], capture_output=True, text=True, check=True)
        assert "does match" in told.stdout


@pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("envsubst") and shutil.which("openssl")),
    reason="there is no nginx, envsubst or openssl",
)
def test_nginx_takes_what_its_template_becomes(tmp_path):
    script("certificate.sh", str(tmp_path), SERVER_NAME="models.example", SELF_SIGNED="true")

    done = script(
        "nginx.sh",
        "-t",
        TEMPLATE=str(DEPLOY / "nginx.conf.template"),
        LISTEN_TLS=f"127.0.0.1:{free_port()}",
        LISTEN_PLAIN=f"127.0.0.1:{free_port()}",
        SERVER_NAME="models.example",
        UPSTREAM_SERVERS="server 127.0.0.1:8000;",
        CERTIFICATE=str(tmp_path / "tls.crt"),
        CERTIFICATE_KEY=str(tmp_path / "tls.key"),
        RUN_FOLDER=str(tmp_path),
    )

    assert done.returncode == 0, done.stderr
    assert (
        "$host" in (tmp_path / "nginx.conf").read_text() or "$scheme" in (tmp_path / "nginx.conf").read_text()
    )


# Each is asked for by its name, and says so in `done`; the second night never ends.
PROGRAMS = {
    "python": 'echo "$*" >> done; [ "$2" != "$FAILS" ]',
    "date": 'case $2 in +%s) echo "$NOW";; +%u) echo "$WEEKDAY";; *) echo today;; esac',
    "sleep": '[ ! -e slept ] || kill "$PPID"; echo "$1" >> slept',
}


class TestJobs:
    """What Compose does by the clock."""

    def night(self, folder, *, now="0", weekday="1", fails=""):
        for name, words in PROGRAMS.items():
            (folder / name).write_text(f"#!/bin/sh\n{words}\n")
            (folder / name).chmod(0o755)
        return subprocess.run(
            [SCRIPTS / "jobs.sh"],
            env={
                "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
                "BACKUPS": str(folder),
                "NOW": now,
                "WEEKDAY": weekday,
                "FAILS": fails,
            },
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def test_it_does_what_kubernetes_does(self, tmp_path):
        self.night(tmp_path, weekday="7")
        jobs = [job["spec"]["jobTemplate"]["spec"]["template"]["spec"] for job in of_kind("CronJob")]
        words = str([job["containers"] for job in jobs])

        done = [line.split()[1] for line in (tmp_path / "done").read_text().splitlines()]
        assert done == ["backup", "maintain_usage", "clearsessions", "verify_audit"]
        assert len(jobs) == len(done)
        assert [name for name in done if name not in words] == []

    def test_what_fails_is_told_and_stops_nothing(self, tmp_path):
        said = self.night(tmp_path, fails="backup").stderr

        assert "backup failed with 1" in said
        assert (tmp_path / "done").read_text().splitlines() == [
            f"manage.py backup {tmp_path}/today.dump",
            "manage.py maintain_usage",
            "manage.py clearsessions",
        ]

    @pytest.mark.parametrize(("now", "seconds"), [(0, 4_800), (4_799, 1), (4_800, 86_400), (86_400, 4_800)])
    def test_it_waits_until_the_next_night(self, tmp_path, now, seconds):
        self.night(tmp_path, now=str(now))

        assert (tmp_path / "slept").read_text().split()[0] == str(seconds)

    def test_old_backups_go(self, tmp_path):
        for name, days in (("old.dump", 32), ("new.dump", 5)):
            (tmp_path / name).touch()
            os.utime(tmp_path / name, (time.time() - days * 86_400,) * 2)
        self.night(tmp_path)

        assert not (tmp_path / "old.dump").exists()
        assert (tmp_path / "new.dump").exists()


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that the user of PostgreSQL can reach; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as made:
        if USER is not None:
            shutil.chown(made, USER)
        for name in ("database_password", "replication_password"):
            place = Path(made, name)
            place.write_text(f'{name}\'s "own"\n')
            place.chmod(0o644)
        yield Path(made)


@contextmanager
def replica(folder: Path, **environment: str) -> Iterator[int]:
    """The replica's container: its port, while it runs."""
    port = free_port()
    log = (folder / "replica.log").open("w")
    home = {"PGDATA": str(folder / "replica"), "SECRETS": str(folder), "PRIMARY_HOST": "127.0.0.1"}
    process = subprocess.Popen(
        [SCRIPTS / "replica.sh", f"-cport={port}"],
        env={"PATH": os.pathsep.join([*map(str, PLACES), os.environ["PATH"]]), **home, **environment},
        user=USER,
        stdout=log,
        stderr=log,
        cwd="/",
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(60)


def started(folder: Path, replica_port: int) -> subprocess.CompletedProcess[str]:
    """The primary's container, with an image that only says what it would start."""
    image = folder / "image"
    image.mkdir(exist_ok=True)
    (image / "docker-entrypoint.sh").write_text('#!/bin/sh\necho "$@"\n')
    (image / "docker-entrypoint.sh").chmod(0o755)
    return script(
        "primary.sh",
        "postgres",
        "-cport=1",
        PATH=os.pathsep.join([str(image), os.environ["PATH"]]),
        SECRETS=str(folder),
        REPLICA_HOST="127.0.0.1",
        REPLICA_PORT=str(replica_port),
    )


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_replica_follows_that_every_commit_waits_for_and_once_promoted_the_old_primary_stays_down(folder):
    primary = PostgreSQL.made(folder / "primary")
    primary.start()
    try:
        with primary.connect() as connection:
            connection.execute("CREATE DATABASE videoai")
        done = script(
            "primary-init.sh",
            PGHOST="127.0.0.1",
            PGPORT=str(primary.port),
            PGDATA=str(primary.folder),
            POSTGRES_USER="postgres",
            POSTGRES_DB="videoai",
            SECRETS=str(folder),
        )
        assert (done.returncode, done.stderr) == (0, "")
        primary.restart()
        # What a copy that was cut off leaves behind.
        left = folder / "replica.copying"
        left.mkdir()
        (left / "PG_VERSION").write_text("half")
        if USER is not None:
            shutil.chown(left, USER)

        with replica(folder, PRIMARY_PORT=str(primary.port)) as port:
            primary.wait_for_replica("replica")
            app = primary.url("videoai").replace("postgres@", "videoai@")
            with psycopg.connect(app, autocommit=True) as connection:
                connection.execute("SET synchronous_commit = remote_apply")
                connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
            with primary.connect() as connection:
                (state,) = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchone()
                (is_super,) = connection.execute(
                    "SELECT rolsuper FROM pg_roles WHERE rolname = 'videoai'"
                ).fetchone()
            with psycopg.connect(f"postgres://postgres@127.0.0.1:{port}/videoai") as connection:
                (rows,) = connection.execute("SELECT count(*) FROM kept").fetchone()
            beside_a_replica = started(folder, port)
            primary.stop("immediate")
            with psycopg.connect(f"postgres://postgres@127.0.0.1:{port}/", autocommit=True) as connection:
                connection.execute("SELECT pg_promote()")
            beside_a_primary = started(folder, port)
    finally:
        primary.remove()

    assert (state, is_super, rows) == ("sync", False, 1)
    assert (beside_a_replica.returncode, beside_a_replica.stdout) == (0, "postgres -cport=1\n")
    assert beside_a_primary.returncode == 1
    assert "has been promoted" in beside_a_primary.stderr
    assert not left.exists()
