"""Fetching from servers that do as they should, and from others; they all stand on this machine."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pricing.upstream.fetching import FetchRefused, Limits, fetch, public_name
from pricing.upstream.reachable import is_public

HERE = "127.0.0.1"
LISTS = "lists.test"
Serve = Callable[[socket.socket], None]

# As in production, but that names ending in `.test` are on this machine, which may be reached without TLS.
LIMITS = Limits(
    is_reachable=lambda address: address == HERE or is_public(address),
    resolve=lambda host, port: [HERE] if host.endswith(".test") else [host],
    schemes=("http", "https"),
    seconds=5,
    most_bytes=100_000,
)


@contextmanager
def serving(*answers: Serve, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives each connection the next of `answers`: its address, and what it was asked."""
    asked: list[bytes] = []
    listener = socket.create_server((HERE, 0))
    listener.settimeout(10)

    def run() -> None:
        for answer in answers:
            with suppress(OSError), listener.accept()[0] as plain:
                plain.settimeout(10)
                connection = tls.wrap_socket(plain, server_side=True) if tls else plain
                asked.append(connection.recv(65_536))
                answer(connection)
                connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://{LISTS}:{listener.getsockname()[1]}", asked
    finally:
        listener.close()
        thread.join(10)


def saying(*parts: bytes) -> Serve:
    return lambda connection: connection.sendall(b"".join(parts))


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> Serve:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return saying("\r\n".join(lines).encode(), body)


def redirect(location: str, status: str = "302 Found") -> Serve:
    return answer(b"", f"Location: {location}", status=status)


def refusal(url: str, limits: Limits = LIMITS) -> str:
    with pytest.raises(FetchRefused) as refused:
        fetch(url, limits=limits)
    return str(refused.value)


def dripping(part: bytes) -> Serve:
    """Sends `part` again and again, slowly, and never ends."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(part)
            time.sleep(0.05)

    return serve


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


# --- What works ------------------------------------------------------------------------------------------


def test_a_list_is_fetched_by_its_name() -> None:
    with serving(answer(b'{"a": 1}')) as (server, asked):
        assert fetch(f"{server}/prices/l\u00e4nder.json?v=1", limits=LIMITS) == b'{"a": 1}'
    [request] = asked
    assert request.startswith(b"GET /prices/l%C3%A4nder.json?v=1 HTTP/1.1\r\n")
    assert b"Host: lists.test:" in request
    assert b"Accept-Encoding: identity\r\n" in request


def test_a_list_in_parts_is_fetched() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\n\r\n1\r\n}\r\n0\r\n\r\n"
    with serving(saying(chunked)) as (server, _):
        assert fetch(server, limits=LIMITS) == b"{\n}"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
def test_redirects_are_followed(status: str) -> None:
    with serving(redirect("/there", status), answer()) as (server, asked):
        assert fetch(f"{server}/here", limits=LIMITS) == b"{}"
    assert asked[1].startswith(b"GET /there HTTP/1.1\r\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of its own for lists.test, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    both = folder / "both.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    made += ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", f"/CN={LISTS}"]
    subprocess.run(
        [*made, "-addext", f"subjectAltName=DNS:{LISTS}"], cwd=folder, check=True, capture_output=True
    )
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


def test_the_certificate_is_that_of_the_name_though_the_address_is_pinned(certificate: Path) -> None:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))

    with serving(answer(), tls=server_side) as (server, _):
        assert fetch(server, limits=replace(LIMITS, tls=trusting)) == b"{}"
    with serving(answer(), tls=server_side) as (server, _):
        told = refusal(server.replace(LISTS, "other.test"), replace(LIMITS, tls=trusting))
    assert "certificate" in told
    with serving(answer(), tls=server_side) as (server, _):
        assert "certificate" in refusal(server)


# --- Where it does not go --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "gopher://example.com",
        "//example.com",
        "example",
        "",
    ],
)
def test_only_https_is_fetched(url: str) -> None:
    assert "https:// only" in refusal(url, Limits())


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:169.254.169.254]",
        "169.254.169.254",
        "10.1.2.3",
        "0.0.0.0",  # noqa: S104 - nothing is bound
    ],
)
def test_addresses_inside_are_refused_however_they_are_written(host: str) -> None:
    assert "no address of the public internet" in refusal(f"https://{host}/", Limits())


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[::1]", "10.0.0.1", "[::ffff:10.0.0.1]", "192.168.0.1:8080"]
)
def test_a_redirect_that_leads_inside_is_refused(host: str) -> None:
    with serving(redirect(f"http://{host}/latest/meta-data/")) as (server, _):
        assert "no address of the public internet" in refusal(server)


def test_a_redirect_that_leads_to_this_machine_is_refused() -> None:
    homes = {LISTS: HERE, "other": "127.0.0.2"}
    strict = replace(
        LIMITS, is_reachable=lambda address: address == HERE, resolve=lambda host, port: [homes[host]]
    )
    with serving(redirect("http://other/"), answer()) as (server, asked):
        assert "127.0.0.2, which is no address" in refusal(server, strict)
        assert len(asked) == 1
        fetch(server, limits=strict)  # lets the server end


def test_a_redirect_to_another_scheme_is_refused() -> None:
    with serving(redirect("file:///etc/passwd")) as (server, _):
        assert "refused" in refusal(server)


def test_one_private_address_among_others_is_enough() -> None:
    both = replace(Limits(), resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    assert "10.0.0.1" in refusal("https://two.test/", both)


def test_the_name_is_looked_up_once_so_no_second_answer_can_lead_elsewhere() -> None:
    answers = iter([[HERE], ["10.0.0.1"]])
    rebinding = replace(LIMITS, resolve=lambda host, port: next(answers))
    with serving(answer()) as (server, _):
        assert fetch(server, limits=rebinding) == b"{}"


def test_six_redirects_are_too_many() -> None:
    with serving(*[redirect("/again")] * 6) as (server, _):
        assert "more than 5 redirects" in refusal(server)


@pytest.mark.parametrize("url", ["https://me:secret@example.com/", "https://me@example.com/"])
def test_names_and_passwords_in_the_address_are_refused_and_not_repeated(url: str) -> None:
    told = refusal(url)
    assert "name or a password" in told
    assert "secret" not in told


LONG = f"https://{'a' * 70}.test/"


@pytest.mark.parametrize("url", ["https://", "https://[", "https://a:b/", "https://a:99999/", LONG])
def test_garbled_addresses_are_refused(url: str) -> None:
    assert refusal(url)


def test_what_is_kept_of_an_address_holds_no_query() -> None:
    assert public_name("https://me:pw@a.test:444/x.json?key=1#y") == "https://a.test/x.json"


# --- What servers do -------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [b"X-A: b\r\n", b"x", b"\r\n\r\nx"], ids=["headers", "one header", "body"])
def test_a_server_that_drips_is_given_up_on(part: bytes) -> None:
    begun = time.monotonic()
    with serving(dripping(part)) as (server, _):
        told = refusal(server, replace(LIMITS, seconds=0.5))
    assert time.monotonic() - begun < 3
    assert "took more than 0.5 seconds" in told


def test_a_server_that_says_nothing_is_given_up_on() -> None:
    with serving(lambda connection: time.sleep(1)) as (server, _):
        assert "took more than 0.3 seconds" in refusal(server, replace(LIMITS, seconds=0.3))


def test_an_endless_body_is_cut_off() -> None:
    with serving(endless) as (server, _):
        assert "sent more than" in refusal(server)


def test_a_body_that_says_it_is_huge_is_not_read() -> None:
    huge = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    with serving(saying(huge)) as (server, _):
        assert "sent more than" in refusal(server)


@pytest.mark.parametrize("packing", ["gzip", "br", "deflate, gzip"])
def test_packed_bodies_are_refused_so_no_bomb_is_unpacked(packing: str) -> None:
    with serving(answer(b"\x1f\x8b", f"Content-Encoding: {packing}")) as (server, _):
        assert "sent it packed" in refusal(server)


def test_a_body_that_ends_too_early_is_refused() -> None:
    short = b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"a"'
    with serving(saying(short)) as (server, _):
        assert "ended too early" in refusal(server)


@pytest.mark.parametrize("status", ["404 Missing", "500 Oops", "204 Nothing", "304 Same", "206 Partial"])
def test_any_other_answer_is_refused(status: str) -> None:
    with serving(answer(b"", status=status)) as (server, _):
        assert f"answered {status[:3]}" in refusal(server)


def test_a_redirect_to_nowhere_is_refused() -> None:
    with serving(answer(b"", status="302 Found")) as (server, _):
        assert "answered 302" in refusal(server)


@pytest.mark.parametrize("garbage", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200])
def test_what_is_no_http_is_refused(garbage: bytes) -> None:
    with serving(saying(garbage)) as (server, _):
        assert "could not be read" in refusal(server)


def test_a_host_that_is_not_there_is_told() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(8, "unknown")

    assert 'The host "a.test" was not found.' in refusal("https://a.test/", replace(LIMITS, resolve=unknown))


def test_a_closed_port_is_told() -> None:
    with socket.create_server((HERE, 0)) as taken:
        port = taken.getsockname()[1]
    assert "could not be read" in refusal(f"http://{LISTS}:{port}/")
