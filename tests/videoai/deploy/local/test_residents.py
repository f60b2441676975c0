import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from videoai.deploy.local import cluster
from videoai.deploy.local.app import ROOT
from videoai.deploy.local.cluster import refuse_hidden, refuse_missing
from videoai.deploy.local.processes import Failed, NotInstalled, Process
from videoai.deploy.local.residents import inhabited, residents

OWNER = """
import sys, time
from pathlib import Path
from videoai.deploy.local.processes import Process
from videoai.deploy.local.residents import inhabited
folder = Path(sys.argv[1])
with inhabited(folder):
    Process(["sleep", "60"], folder=folder / "part", ready=lambda: True).start()
    print("lives", flush=True)
    time.sleep(60)
"""
RUN = [sys.executable, "-m", "videoai.deploy.local"]


def gone(folder: Path) -> bool:
    """Within ten seconds."""
    deadline = time.monotonic() + 10
    while folder.exists() or residents(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_nothing_is_left_when_who_made_it_is_killed(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", OWNER, folder], cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout.readline() == b"lives\n"
        assert len(residents(folder)) == 1
        owner.kill()

    assert gone(folder)


def test_a_folder_that_is_kept_stays_without_its_processes(tmp_path):
    with inhabited(tmp_path, keep=True):
        Process(["sleep", "60"], folder=tmp_path / "part", ready=lambda: True).start()
        assert residents(tmp_path)

    assert not residents(tmp_path)
    assert (tmp_path / "part").exists()


def test_who_does_not_end_when_asked_is_killed(tmp_path):
    stubborn = Process(
        ["sh", "-c", "trap '' TERM; while :; do sleep 60; done"], folder=tmp_path, ready=lambda: True
    )
    stubborn.start()
    stubborn.stop(patience=0.1)

    assert not stubborn.is_running()
    assert not residents(tmp_path)


def test_a_program_that_does_not_start_is_told_with_its_own_words(tmp_path):
    broken = Process(["sh", "-c", "echo Out of cheese.; exit 3"], folder=tmp_path, ready=lambda: False)
    broken.start()

    with pytest.raises(Failed, match=r"sh does not start: Out of cheese\."):
        broken.wait()


def test_missing_programs_are_named_with_the_packages_that_have_them(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    needed = {"nginx": ("nginx", []), "pg_ctl": ("postgresql", []), "pg_basebackup": ("postgresql", [])}
    monkeypatch.setattr(cluster, "NEEDED", needed)

    with pytest.raises(NotInstalled) as refusal:
        refuse_missing()

    assert str(refusal.value) == (
        "There is no nginx, no pg_ctl, no pg_basebackup here."
        " On Debian and Ubuntu: apt-get install nginx postgresql"
    )


def test_root_is_told_which_folder_keeps_postgresql_out(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster.os, "geteuid", lambda: 0)
    tmp_path.chmod(0o700)

    with pytest.raises(PermissionError, match=str(tmp_path)):
        refuse_hidden(tmp_path / "new")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--keep", "."], "something is there already"),
        (["--port", "99999"], "99999 is not a whole number from 1 to 65535"),
        (["--apps", "0"], "0 is not a whole number from 1 to 16"),
    ],
)
def test_a_choice_that_can_not_be_is_refused_with_the_reason(words, said):
    done = subprocess.run([*RUN, *words], check=False, cwd=ROOT, capture_output=True, text=True, timeout=30)

    assert done.returncode
    assert said in done.stderr


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_it_is_ended_while_it_starts(tmp_path, number):
    environment = {**os.environ, "TMPDIR": "/tmp"}  # noqa: S108 - PostgreSQL may not look into pytest's folders
    with subprocess.Popen(
        RUN, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        before = set(Path("/tmp").glob("videoai-cluster-*"))  # noqa: S108
        process.stdout.readline()
        time.sleep(1)
        made = set(Path("/tmp").glob("videoai-cluster-*")) - before  # noqa: S108
        process.send_signal(number)

    assert all(gone(folder) for folder in made)
