"""What nginx itself decides, before apps that take requests and never answer."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.videoai.deploy.local.conftest import need
from tests.videoai.deploy.local.visitors import Visitor
from videoai.deploy.local.nginx import TEMPLATE, Nginx, filled_in
from videoai.deploy.local.processes import free_port


class Swallower:
    """Takes whole requests, and breaks off."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.heard.append(connection.recv(65_536).decode())

    def end(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def swallowers() -> Iterator[list[Swallower]]:
    some = [Swallower(), Swallower()]
    yield some
    for one in some:
        one.end()


@pytest.fixture
def visitor(tmp_path: Path, swallowers: list[Swallower]) -> Iterator[Visitor]:
    need()
    nginx = Nginx(tmp_path / "nginx", upstreams=[one.port for one in swallowers])
    nginx.start()
    try:
        nginx.wait()
        yield Visitor(nginx)
    finally:
        nginx.kill()


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_write_that_was_cut_off_is_sent_once_and_nobody_is_told_to_send_it_again(
    visitor, swallowers, method
):
    answer = visitor.ask(method, "/api/v1/models/", {"name": "x"})

    assert sum(len(one.heard) for one in swallowers) == 1
    assert (answer.status, answer.kind) == (503, "application/problem+json")
    assert answer.told["code"] == "outcome_unknown"
    assert "Retry-After" not in answer.headers


def test_a_read_that_was_cut_off_is_asked_of_the_next_app(visitor, swallowers):
    answer = visitor.get("/api/v1/models/")

    assert [len(one.heard) for one in swallowers] == [1, 1]
    assert (answer.status, answer.told["code"], answer.headers["Retry-After"]) == (503, "unavailable", "1")


def test_apps_are_told_the_client_the_scheme_and_the_host_and_nothing_doubtful(visitor, swallowers):
    visitor.get(
        "/api/v1/models/", x_forwarded_for="203.0.113.9", x_forwarded_proto="http", x_request_id="a b"
    )

    (heard, *_) = [text for one in swallowers for text in one.heard]
    _, *lines = heard.strip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    assert headers["x-forwarded-for"] == "203.0.113.9, 127.0.0.2"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["host"].startswith("127.0.0.1:")
    assert len(headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    "start",
    [
        "BLA\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    ],
)
def test_what_can_not_be_read_is_a_problem_like_any_other(visitor, start):
    connection = visitor.connect()
    connection.connect()
    connection.sock.sendall(start.encode())
    response = http.client.HTTPResponse(connection.sock)
    response.begin()
    told = json.loads(response.read())
    connection.close()

    assert (response.status, told["code"]) == (400, "bad_request")


def test_the_template_has_no_variable_of_ours_that_is_not_filled_in():
    names = ("LISTEN_TLS", "LISTEN_PLAIN", "SERVER_NAME", "UPSTREAM_SERVERS", "RUN_FOLDER")
    values = dict.fromkeys((*names, "CERTIFICATE", "CERTIFICATE_KEY"), "x")

    assert "${" not in filled_in(TEMPLATE.read_text(), values)
    assert all(f"${{{name}}}" in TEMPLATE.read_text() for name in values)
