"""Django in processes of its own answers as it does in the edge's, and may come and go."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.factories import AIModelFactory, service_token
from tests.server import Server
from tests.videoai.edge.databases import address_of_tests
from videoai.edge.behind import upstream
from videoai.edge.behind.errors import Unavailable
from videoai.edge.behind.places import Place, parse_place
from videoai.edge.behind.threads import Request
from videoai.edge.behind.upstream import Upstream

# They differ from one answer to the next, and from one process to the next.
OF_ONE_ANSWER = {"date", "expires", "x-request-id"}
BODY = b'{"model_id":"acme/one","duration":5,"quality":"high"}'
JSON = {"Content-Type": "application/json"}
# Each process counts by itself.
UNCOUNTED = {"RATE_LIMIT_READ": "off", "RATE_LIMIT_WRITE": "off"}
BEHIND = {"EDGE": "off", "TRUSTED_PROXIES": "127.0.0.1"}
PNG = {"Accept": "image/png"}


def request(method: str = "GET", path: str = "/x", *, body: bytes = b"", **more: Any) -> Request:
    scope = {"method": method, "path": path, "query_string": b"", "headers": [], "client": ("192.0.2.7", 1)}
    return Request({**scope, **more}, body)


class Listening:
    """A server that says what it is told to; it keeps what it heard. None hangs up."""

    def __init__(self, *replies: bytes | None) -> None:
        self.heard: list[bytes] = []
        self._replies = iter(replies)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.place = Place("127.0.0.1", self._server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            client, _ = self._server.accept()
            with client:
                while (heard := _whole_request(client)) and (reply := next(self._replies)) is not None:
                    self.heard.append(heard)
                    client.sendall(reply)


def _whole_request(client: socket.socket) -> bytes:
    heard = b""
    while not heard.endswith((b"\r\n\r\n", BODY)) or heard.endswith(b"chunked\r\n\r\n"):
        if not (more := client.recv(65_536)):
            return b""
        heard += more
    return heard


@contextmanager
def nobody() -> Iterator[Place]:
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield Place("127.0.0.1", taken.getsockname()[1])


def reply(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def heard_from(sent: Request) -> list[str]:
    """The lines that arrive, in lower case."""
    server = Listening(reply())
    list(Upstream([server.place]).answer(sent)[2])
    return server.heard[0].decode("latin-1").lower().split("\r\n")


def test_what_belongs_to_one_connection_is_not_passed_on():
    headers = [(b"connection", b"close, X-Own"), (b"keep-alive", b"5"), (b"x-own", b"1"), (b"host", b"a.b")]

    assert heard_from(request(headers=headers))[1:3] == ["host: a.b", "x-forwarded-for: 192.0.2.7"]


def test_the_caller_is_appended_to_whom_a_proxy_named():
    headers = [(b"x-forwarded-for", b"203.0.113.1")]

    assert "x-forwarded-for: 203.0.113.1,192.0.2.7" in heard_from(request(headers=headers))


@pytest.mark.parametrize(("is_ours", "count"), [(True, 0), (False, 1)])
def test_what_the_edge_has_made_is_told_by_the_edge_alone(client, counted, is_ours, count):
    made_up = [(b"x-videoai-for-edge", b"1" * 64)]
    heard = heard_from(request(headers=made_up, for_edge=is_ours))
    (sent,) = (line.partition(": ")[2] for line in heard if line.startswith("x-videoai-for-edge"))

    client.get("/healthz/", headers={"x-videoai-for-edge": sent})

    assert counted("videoai_http_requests_total", "/healthz/", "GET", "200", "django") == count


def test_a_header_that_looks_like_another_one_is_dropped():
    assert not any("x_" in line for line in heard_from(request(headers=[(b"x_forwarded_for", b"1.1.1.1")])))


def test_the_target_goes_on_as_it_was_spelt():
    sent = request(path="/a b", raw_path=b"//a%2fb/../%e2", query_string=b"q=%e2&q=[x]")

    assert heard_from(sent)[0] == "get //a%2fb/../%e2?q=%e2&q=[x] http/1.1"


def test_a_body_without_a_length_stays_without():
    lines = heard_from(request("POST", body=b"{}", headers=[(b"transfer-encoding", b"chunked")]))

    assert lines[-7:] == ["transfer-encoding: chunked", "", "2", "{}", "0", "", ""]


def test_repeated_headers_stay_apart_and_those_of_the_connection_stay_behind():
    server = Listening(reply(b"hi", "Set-Cookie: a=1", "Set-Cookie: b=2", "Server: x", "Keep-Alive: 5"))

    status, headers, pieces = Upstream([server.place]).answer(request())

    assert (status, b"".join(pieces)) == (200, b"hi")
    assert headers == [(b"content-length", b"2"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "304 Not Modified"), ("DELETE", "204 No Content")]
)
def test_answers_without_a_body_are_not_waited_for(method, status):
    head = f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n".encode()
    server = Listening(head, head)
    asked = Upstream([server.place])

    assert [b"".join(asked.answer(request(method))[2]) for _ in range(2)] == [b"", b""]


def test_pieces_come_as_they_are_sent():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = Listening(head + b"1\r\na\r\n")
    _, headers, pieces = Upstream([server.place]).answer(request())

    assert next(iter(pieces)) == b"a"
    assert headers == []


def test_a_dead_one_is_passed_over(caplog):
    with nobody() as dead:
        alive = Listening(*[reply(b"ok")] * 4)
        asked = Upstream([dead, alive.place])

        assert [b"".join(asked.answer(request())[2]) for _ in range(4)] == [b"ok"] * 4

    assert [record.getMessage().split(": ")[0] for record in caplog.records] == [f"{dead} can't be reached"]


def test_when_all_are_dead_it_is_said():
    with nobody() as dead, pytest.raises(Unavailable, match="down"):
        Upstream([dead]).answer(request())


def test_a_kept_connection_that_was_closed_is_not_missed():
    server = Listening(reply(b"1"), None, reply(b"2"))
    asked = Upstream([server.place])

    assert [b"".join(asked.answer(request())[2]) for _ in range(2)] == [b"1", b"2"]


def test_a_write_that_broke_off_is_not_sent_again():
    server = Listening(reply(b"1"), None, reply(b"2"))
    asked = Upstream([server.place])
    list(asked.answer(request())[2])

    with pytest.raises(Unavailable):
        asked.answer(request("POST", body=BODY, headers=[(b"content-length", b"%d" % len(BODY))]))
    assert len(server.heard) == 1


def test_a_silent_one_is_given_up(monkeypatch):
    monkeypatch.setattr(upstream, "ANSWER_SECONDS", 0.05)
    server = Listening(b"HTTP/1.1 200 OK\r\n")

    with pytest.raises(Unavailable):
        Upstream([server.place]).answer(request())


@pytest.mark.parametrize("text", ["http://127.0.0.1:8001", "unix:/run/x.sock", "http://[::1]:80"])
def test_places_are_read(text):
    assert str(parse_place(text)).replace("://::1", "://[::1]") == text


@pytest.mark.parametrize(
    "text", ["127.0.0.1:8001", "https://a:1", "http://a", "http://a:1/x", "http://a:99999", "unix:x", "x"]
)
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ValueError, match=r"no place|out of range|Port"):
        parse_place(text)


# --- A real pair of servers ------------------------------------------------------------------------------


@pytest.fixture
def three(transactional_db: None) -> Iterator[tuple[Server, Server, Server]]:
    """Django alone, the edge with that behind it, and the edge with Django in its own process."""
    AIModelFactory(model_id="acme/one")
    at = address_of_tests()
    with (
        Server(
            at, workers=1, environment=UNCOUNTED | {"EDGE": "off", "TRUSTED_PROXIES": "127.0.0.1"}
        ) as django,
        Server(
            at, workers=1, environment=UNCOUNTED | {"EDGE_UPSTREAM": f"http://127.0.0.1:{django.port}"}
        ) as edge,
        Server(at, workers=1, environment=UNCOUNTED) as whole,
    ):
        yield django, edge, whole


def at_port(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def asked(server: Server, *request: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = server.connect()
    try:
        connection.request(*request)
        return told(connection.getresponse())
    finally:
        connection.close()


def told(response: http.client.HTTPResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    """Lists in headers have no order."""
    headers = [
        (name, "; ".join(sorted(value.split("; "))))
        for name, value in response.getheaders()
        if name not in OF_ONE_ANSWER
    ]
    return response.status, sorted(headers), response.read()


@pytest.mark.slow
def test_every_answer_is_the_same_and_a_dead_django_is_told(three):
    django, edge, _ = three
    bearer = {"Authorization": f"Bearer {service_token('usage:write').text}"}
    generations = "/api/v1/models/acme/one/generations/"
    same = {"X-Request-ID": "same"}
    large = b" " * 1_100_000
    requests: list[tuple[Any, ...]] = [
        ("GET", "/api/v1/models/?page_size=1"),
        ("HEAD", "/api/v1/models/acme/one/"),
        ("GET", "/api/v1/models/acme/one/", None, {"Accept-Encoding": "gzip"}),
        ("GET", "/api/v1/models/acme/one", None, PNG | same),
        ("GET", "/api/v1/models/?no=1", None, same),
        ("GET", "/api/v1/nothing/%e2%82%ac/", None, same),
        ("GET", "//[/", None, same),
        ("GET", "/admin/"),
        ("GET", "/static/admin/css/base.css"),
        ("GET", "/static/admin/css/base.css", None, {"Range": "bytes=0-9"}),
        ("GET", "/api/v1/models/", None, {"Host": "elsewhere.example"} | same),
        ("OPTIONS", "/api/v1/models/", None, same),
        ("POST", generations, b"{}", JSON | bearer | same),
        ("POST", generations, large, JSON | bearer | same),
        ("POST", generations, [b"{}"], JSON | bearer | same),
        ("POST", "/api/v1/models/", BODY, JSON | same),
    ]

    differing = [
        sent[:2] for sent in requests if len({repr(asked(server, *sent)) for server in three[1:]}) != 1
    ]
    assert differing == []

    django.kill()
    status, headers, body = asked(edge, "GET", "/admin/", None, same)
    assert (status, dict(headers)["content-type"]) == (503, "application/problem+json")
    assert b'"code":"unavailable"' in body
    assert "content-security-policy" in dict(headers)
    assert asked(edge, "GET", "/api/v1/models/acme/one/")[0] == 200  # it is ready
    assert asked(edge, "GET", "/healthz/")[0] == 200
    django.start()
    assert asked(edge, "GET", "/admin/login/")[0] == 200
