"""Point-in-time recovery, by the steps that docs/running.md tells: to the moment before a mistake."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import ROOT
from videoai.deploy.local.postgresql import PACKAGE, PLACES, PostgreSQL
from videoai.deploy.local.processes import NotInstalled, program, run

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

PATIENCE = 60  # seconds for PostgreSQL to have copied its log, or to have recovered


@pytest.fixture
def place() -> Iterator[Path]:
    """PostgreSQL runs as a user of its own, who has to get through."""
    with tempfile.TemporaryDirectory(prefix="videoai-recovery-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def primary(place: Path) -> Iterator[PostgreSQL]:
    """One that copies its log to `archive` as it is written."""
    try:
        program("initdb", package=PACKAGE, places=PLACES)
    except NotInstalled as missing:
        pytest.skip(str(missing))
    archive = place / "archive"
    archive.mkdir()
    archive.chmod(0o777)
    server = PostgreSQL.made(
        place / "primary",
        settings={
            "archive_mode": "on",
            "archive_command": f"'test ! -f {archive}/%f && cp %p {archive}/%f'",
        },
    )
    server.start()
    try:
        yield server
    finally:
        server.remove()


def manage(url: str, *words: str) -> str:
    own = {**os.environ, "DATABASE_URL": url}
    own.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # of the tests alone, and no sign of health
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_mistake_is_undone_and_all_before_it_is_there(primary, place):
    with primary.connect() as session:
        session.execute("CREATE DATABASE videoai")
    url = primary.url("videoai")
    manage(url, "migrate", "--verbosity=0")
    manage(url, "seed_models")
    base = place / "base"
    copy_of(primary, base)

    manage(url, "make_usage", "--generations=50", "--days=3")
    anchor = anchor_of(url)
    with primary.connect("videoai") as session:
        session.execute("SELECT pg_sleep(0.05)")
        before = str(session.execute("SELECT clock_timestamp()").fetchone()[0])
        session.execute("SELECT pg_sleep(0.05)")
        session.execute("UPDATE models SET cost_per_second = 0.01")  # the mistake
        session.execute("INSERT INTO auth_group (name) VALUES ('later')")
        wait_for_archive(session)
    primary.stop("immediate")  # and the disk is lost, too

    recovered = PostgreSQL(base)
    recovered.set(
        {
            "port": str(recovered.port),
            "archive_mode": "off",
            "restore_command": f"'cp {place}/archive/%f %p'",
            "recovery_target_time": f"'{before}'",
            "recovery_target_action": "'promote'",
        }
    )
    (base / "recovery.signal").touch()
    try:
        recovered.start()
        url = recovered.url("videoai")
        wait_until_promoted(recovered)
        with recovered.connect("videoai") as session:
            session.execute("UPDATE catalogue_revision SET epoch = replace(gen_random_uuid()::text, '-', '')")
        assert "The audit trail holds." in manage(url, "verify_audit", "--anchor", anchor)
        assert "50 generations" in manage(url, "verify_usage")
        assert "✓ database: it takes writes" in manage(url, "doctor")
        with recovered.connect("videoai") as session:
            cheap = session.execute("SELECT count(*) FROM models WHERE cost_per_second = 0.01").fetchone()
            later = session.execute("SELECT count(*) FROM auth_group WHERE name = 'later'").fetchone()
        assert (cheap, later) == ((0,), (0,))
    finally:
        recovered.remove()


def copy_of(primary: PostgreSQL, folder: Path) -> None:
    primary._own(folder)
    where = f"host=127.0.0.1 port={primary.port} user=postgres"
    command = [program("pg_basebackup", package=PACKAGE, places=PLACES), f"--dbname={where}"]
    run([*command, f"--pgdata={folder}", "--checkpoint=fast", "--no-sync"], user=primary._user)


def anchor_of(url: str) -> str:
    """The newest entry of the catalogue, as somebody would have noted it down."""
    lines = manage(url, "verify_audit").splitlines()
    return next(line for line in lines if line.startswith("catalogue:"))


def wait_for_archive(session: object) -> None:
    """Until what was written by now is copied: PostgreSQL copies what is full, or is said to be."""
    (wanted,) = session.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        (last,) = session.execute("SELECT last_archived_wal FROM pg_stat_archiver").fetchone()
        if last is not None and last >= wanted:
            return
        time.sleep(0.1)
    raise TimeoutError(f"{wanted} was not copied.")


def wait_until_promoted(server: PostgreSQL) -> None:
    until = time.monotonic() + PATIENCE
    with server.connect() as session:
        while session.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            if time.monotonic() > until:
                raise TimeoutError("It does not come out of its recovery.")
            time.sleep(0.1)
