"""Which release is the previous one, and that its tests fail where this schema takes away what it uses."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.previous_release import previous_release

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

CONTRACTS = """from django.db import migrations


class Migration(migrations.Migration):
    contract = "The previous release reads it; that is what is to be seen."
    dependencies = [("models_registry", "{last}")]
    operations = [migrations.RemoveField("aimodel", "version")]
"""


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True)

    def commit(self, *, tags: tuple[str, ...] = ()) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=more")
        for tag in tags:
            self.git("tag", tag)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_before_the_first_release_there_is_none(repository):
    repository.commit(tags=("nightly", "version-1"))

    assert previous_release(repository.folder) is None


def test_it_is_the_newest_behind_us_by_its_number(repository):
    repository.commit(tags=("v0.9.0", "v0.10.0", "v0.10.0-rc1", "v0.2.0", "nightly"))
    repository.commit()

    assert previous_release(repository.folder) == "v0.10.0"


def test_a_release_is_checked_against_the_one_before_it(repository):
    repository.commit(tags=("v0.1.0",))
    repository.commit(tags=("v0.2.0",))

    assert previous_release(repository.folder) == "v0.1.0"


def test_what_is_not_committed_yet_comes_behind_the_release_it_stands_on(repository):
    repository.commit(tags=("v0.1.0",))
    (repository.folder / "0005_colour.py").touch()

    assert previous_release(repository.folder) == "v0.1.0"


def test_releases_of_other_branches_are_not_behind_us(repository):
    repository.commit(tags=("v0.1.0",))
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit(tags=("v9.0.0",))
    repository.git("checkout", "--quiet", "main")
    repository.commit()

    assert previous_release(repository.folder) == "v0.1.0"


@pytest.mark.slow
def test_a_column_that_goes_while_the_previous_release_reads_it_is_seen(repository):
    here, there = Path(settings.BASE_DIR), repository.folder
    for name in ("models_registry", "pricing", "videoai", "tests", "templates"):
        shutil.copytree(here / name, there / name, ignore=shutil.ignore_patterns("*.png"))
    for name in ("manage.py", "pyproject.toml", "requirements-dev.txt", ".gitignore"):
        shutil.copy(here / name, there)
    repository.commit(tags=("v0.1.0",))
    migrations = there / "models_registry/migrations"
    last = max(migrations.glob("0*.py"))
    (migrations / f"{int(last.name[:4]) + 1:04}_gone.py").write_text(CONTRACTS.format(last=last.stem))

    command = [sys.executable, "-m", "tests.previous_release", "-n0", "-x", "--no-header"]
    command += ["tests/models_registry/test_querysets.py"]
    done = subprocess.run(
        command, cwd=there, capture_output=True, text=True, check=False, env=settled(os.environ)
    )

    assert done.returncode == 1, done.stderr
    assert "The tests of v0.1.0, on the schema as it is now." in done.stdout
    assert "no such column: models.version" in done.stdout
    assert "v0.1.0 would NOT go on working on this schema." in done.stdout


def settled(environment: os._Environ) -> dict[str, str]:
    """Without what this run of tests has told its processes."""
    kept = {key: value for key, value in environment.items() if not key.startswith(("PYTEST_", "DJANGO_"))}
    return {**kept, "DATABASE_URL": ""}
