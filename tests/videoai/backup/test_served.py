"""A restore under a server that goes on: no answer of before it, and no half of one when it is killed."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from models_registry import services
from models_registry.models import AIModel
from models_registry.models.revision import CatalogueRevision
from tests.factories import AIModelFactory
from tests.server import ROOT, Server, database_url
from tests.videoai.backup.commands import run

pytestmark = pytest.mark.slow


def price_of(server: Server) -> str:
    session = server.connect(timeout=10)
    session.request("GET", "/api/v1/models/acme/first/")
    response = session.getresponse()
    body = json.loads(response.read())
    session.close()
    assert response.status == 200, body
    return str(body["cost_per_second"])


def eventually(ask: Callable[[], Any]) -> Any:
    """The first answer; connections that were cut are made anew within moments."""
    for _ in range(50):
        try:
            return ask()
        except (AssertionError, OSError):
            time.sleep(0.1)
    return ask()


def set_price(price: str) -> None:
    model = AIModel.objects.get(model_id="acme/first")
    services.revise(model, {"cost_per_second": price})


def revision() -> int:
    return CatalogueRevision.objects.get().revision


def test_no_answer_of_before_a_restore_is_given_after_it(taken):
    """Also at a revision that the server has seen before, with other contents."""
    with Server(database_url(), workers=1) as server:
        assert price_of(server) == "0.18"
        set_price("0.3")
        seen = revision()
        assert price_of(server) == "0.3"

        run("restore", taken, "--yes", "--no-keep")
        assert eventually(lambda: price_of(server)) == "0.18"

        set_price("0.25")
        assert revision() == seen
        assert price_of(server) == "0.25"


def test_not_even_if_nobody_asked_between_the_restore_and_the_change(taken):
    with Server(database_url(), workers=1) as server:
        set_price("0.3")
        seen = revision()
        assert price_of(server) == "0.3"

        run("restore", taken, "--yes", "--no-keep")
        set_price("0.25")

        assert revision() == seen
        assert eventually(lambda: price_of(server)) == "0.25"


def test_a_restore_that_is_killed_leaves_the_old_database_or_the_new(taken):
    AIModelFactory(model_id="acme/later")
    url = database_url()
    command = [sys.executable, "manage.py", "restore", str(taken), "--yes", "--no-keep"]
    chance = random.Random(1)
    found = set()
    begun = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=environment(url), check=True, capture_output=True)
    whole = time.monotonic() - begun
    connection.close()  # it was cut
    for _ in range(3):
        if AIModel.objects.count() == 2:
            AIModelFactory(model_id="acme/later")
        connection.close()
        kill_after(chance.uniform(0.4, 1.05) * whole, command, url)
        found.add(AIModel.objects.count())
        assert AIModel.objects.filter(is_default=True).count() == 1
    assert found <= {2, 3}
    run("restore", taken, "--yes", "--no-keep")  # what is left over is in nobody's way
    assert AIModel.objects.count() == 2


def kill_after(seconds: float, command: list[str], url: str) -> None:
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def environment(url: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url}


def test_a_backup_that_is_killed_leaves_nothing_that_looks_whole(filled, tmp_path):
    path = tmp_path / "killed"
    command = [sys.executable, "manage.py", "backup", str(path)]
    chance = random.Random(2)
    for _ in range(2):
        kill_after(chance.uniform(0.5, 1.5), command, database_url())
        if path.exists():  # it was quicker
            run("restore", path, "--dry-run")
            for file in Path(tmp_path).glob("killed*"):
                file.unlink()
    run("backup", path, "--yes")
    run("restore", path, "--dry-run")
