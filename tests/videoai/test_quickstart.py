import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from models_registry.models import AIModel, CatalogueRevision
from tests.factories import standard_policy

PASSWORD = re.compile(r"sign in as\s+(\S+)\s+with\s+(\S+)")


@pytest.mark.django_db
class TestPreparing:
    def run(self, capsys) -> str:
        call_command("quickstart", no_serve=True, port=8000)
        return capsys.readouterr().out

    def test_an_empty_database_gets_models_prices_and_an_admin(self, capsys):
        printed = self.run(capsys)

        name, password = PASSWORD.search(printed).groups()
        assert AIModel.objects.count() == 3
        admin = User.objects.get(username=name)
        assert admin.is_superuser
        assert admin.check_password(password)
        assert name not in {"admin", "root", "administrator"}
        assert len(password) >= 20

    def test_it_prints_the_three_addresses(self, capsys):
        printed = self.run(capsys)

        for address in ("/admin/models/", "/api/v1/models/", "/api/v1/docs/"):
            assert f"http://127.0.0.1:8000{address}" in printed

    def test_the_second_run_changes_nothing_and_shows_no_password(self, capsys):
        self.run(capsys)
        before = CatalogueRevision.objects.get().revision

        printed = self.run(capsys)

        assert PASSWORD.search(printed) is None
        assert CatalogueRevision.objects.get().revision == before
        assert User.objects.count() == 1

    def test_what_stands_is_left_alone_even_if_it_is_less_than_the_seeds(self, capsys):
        standard_policy()

        self.run(capsys)

        assert not AIModel.objects.exists()


@pytest.mark.slow
class TestServing:
    """The command as people type it, in a process of its own on a database of its own."""

    @pytest.fixture
    def port(self) -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    @pytest.fixture
    def server(self, tmp_path: Path, port: int) -> Iterator[Path]:
        environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
        output = tmp_path / "output"
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "quickstart", "--port", str(port)],
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield output
            finally:
                os.killpg(process.pid, signal.SIGINT)
                try:
                    process.wait(20)
                finally:
                    if process.poll() is None:
                        os.killpg(process.pid, signal.SIGKILL)

    def read(self, port: int, path: str) -> dict:
        """GET, waiting up to half a minute for the server to start."""
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
                    return json.load(response)
            except urllib.error.URLError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def test_one_command_serves_real_models_at_real_prices(self, server, port):
        default = self.read(port, "/api/v1/models/default/")
        quote = self.read(port, "/api/v1/pricing/quote/?model_id=google/veo-3&quality=ultra&duration=8")

        assert default["model_id"] == "luma/ray-flash-2-540p"
        assert quote["credits"] == 594
        assert PASSWORD.search(server.read_text())
