import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from videoai.deploy import alive
from videoai.deploy.local.processes import free_port


@pytest.fixture
def answering(monkeypatch) -> Iterator[dict[str, int]]:
    """A server that answers `/healthz/` with the status in here, and a HOST that means it."""
    statuses = {"/healthz/": 200}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.get(self.path, 404))
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Tests are quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 - as in a container
        monkeypatch.setenv("PORT", str(server.server_port))
        yield statuses
        server.shutdown()


def test_a_server_that_answers_lives(answering):
    alive.main()


def test_one_that_answers_something_else_does_not(answering):
    answering["/healthz/"] = 503

    with pytest.raises(SystemExit, match="answers 503"):
        alive.main()


def test_nor_does_one_that_is_not_there(monkeypatch):
    port = free_port()
    monkeypatch.setenv("HOST", "::")
    monkeypatch.setenv("PORT", str(port))

    with pytest.raises(SystemExit, match=f"Nobody answers on port {port}"):
        alive.main()
