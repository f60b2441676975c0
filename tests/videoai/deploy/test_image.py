"""What a build copies, and that the server starts from it. The rest of a build takes a registry."""

import re
import shutil
from pathlib import Path, PurePosixPath

import pytest

from tests.server import Server
from tests.videoai.deploy.files import (
    NOT_OURS,
    ROOT,
    copied,
    dockerfile,
    dockerfile_environment,
    is_given_to_builds,
    is_setting,
    version,
)


@pytest.fixture
def image(tmp_path) -> Path:
    """The folder /app of the image, made by the COPY lines of its Dockerfile."""
    app = tmp_path / "app"
    (app / "var").mkdir(parents=True)
    for source, target in copied():
        if target.startswith("/app"):
            copy(source, app / PurePosixPath(target).relative_to("/app"))
    return app


def copy(source: str, target: Path) -> None:
    files = [path for path in (ROOT / source).rglob("*") if path.is_file()] or [ROOT / source]
    for file in files:
        path = file.relative_to(ROOT)
        if is_given_to_builds(PurePosixPath(path)):
            place = target / (path.relative_to(source) if path.as_posix() != source else path.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)


def written(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "var"}


@pytest.mark.slow
def test_the_server_starts_from_what_is_copied_and_writes_nothing_there(image, tmp_path):
    before = written(image)
    url = f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}"
    environment = {"PYTHONDONTWRITEBYTECODE": "1"}

    with Server(url, workers=1, environment=environment, folder=image) as server:
        asked = server.connect()
        asked.request("GET", "/static/videoai/admin.css")

        assert asked.getresponse().status == 200
    assert written(image) == before


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "videoai/.env",
        "var/videoai.sqlite3",
        ".git/config",
        "videoai/deploy/.env",
        "videoai/deploy/compose.yaml",
        "videoai/deploy/kubernetes/secret.example.yaml",
        "videoai/docs/usage.png",
        "videoai/__pycache__/settings.cpython-311.pyc",
        "tests/conftest.py",
    ],
)
def test_a_build_is_given_no_secrets_and_nothing_that_it_does_not_need(path):
    assert not is_given_to_builds(PurePosixPath(path))


@pytest.mark.parametrize(
    "path", ["manage.py", "videoai/deploy/alive.py", "pricing/models/rate.py", "LICENSE"]
)
def test_a_build_is_given_the_program(path):
    assert is_given_to_builds(PurePosixPath(path))


def test_nobody_runs_as_root_and_signals_reach_the_server():
    users = [rest for word, rest in dockerfile() if word == "USER"]
    commands = [rest for word, rest in dockerfile() if word in {"ENTRYPOINT", "CMD"}]

    assert users[-1] == "10001:10001"
    assert all(command.startswith("[") for command in commands)  # no shell in between


def test_no_layer_is_made_with_a_secret():
    for word, rest in dockerfile():
        if word in {"ARG", "ENV"}:
            assert not re.search(r"SECRET|PASSWORD|TOKEN|_URL", rest), rest


def test_what_it_sets_are_settings_and_what_it_starts_from_is_pinned():
    arguments = dict(rest.split("=", 1) for word, rest in dockerfile() if word == "ARG")

    assert all(is_setting(name) for name in dockerfile_environment().keys() - NOT_OURS)
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", arguments["PYTHON_IMAGE"])
    assert arguments["VERSION"] == version()
