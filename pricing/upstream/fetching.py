"""Fetches a price list from the internet, and from nowhere else.

A URL may be typed wrong, or lead on to a server inside the house by a redirect or a name that points there.
So each host's addresses are looked up first and judged, and the connection goes to a judged address, not to
the name: no second look-up can tell another one. Certificates are checked for the name all the same. Proxies
that the environment names are not used: they would connect to whatever they are told.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from models_registry.values import shown
from pricing.upstream.reachable import is_public

MOST_BYTES = 20 * 1024 * 1024
MOST_REDIRECTS = 5
SECONDS = 30.0  # for all of it, redirects included
CHUNK = 64 * 1024
OF_ADDRESSES = "/?%:@!$&'()*+,;=~-._"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "videoai-price-lists/1"}

Resolve = Callable[[str, int], Sequence[str]]  # host, port → addresses


class FetchRefused(Exception):
    """The list was not fetched; the message says why, and what to do."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of `host`, once each. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Limits:
    """What a fetch may do; tests, which serve on this machine, loosen it."""

    is_reachable: Callable[[str], bool] = is_public
    resolve: Resolve = resolve
    schemes: Collection[str] = ("https",)
    seconds: float = SECONDS
    most_bytes: int = MOST_BYTES
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)


class Target(NamedTuple):
    url: SplitResult
    host: str  # in ASCII
    port: int

    @property
    def path(self) -> str:
        """With the query, in ASCII."""
        query = f"?{self.url.query}" if self.url.query else ""
        return quote(f"{self.url.path or '/'}{query}", safe=OF_ADDRESSES)

    @property
    def name(self) -> str:
        """Of the host, as the server is asked for it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.url.port is None else f"{host}:{self.url.port}"


def fetch(url: str, *, limits: Limits | None = None) -> bytes:
    """What stands at `url`. Raises FetchRefused."""
    limits = limits or Limits()
    deadline = _Deadline(limits.seconds)
    for _ in range(MOST_REDIRECTS + 1):
        target = _target(url, limits)
        try:
            answer = _ask(target, limits, deadline)
        except TimeoutError as error:
            raise FetchRefused(_slow(target, limits)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchRefused(
                f"{target.host} could not be read: {error or type(error).__name__}."
            ) from error
        if isinstance(answer, bytes):
            return answer
        url = urljoin(url, answer)
    raise FetchRefused(f"{shown(url)}: more than {MOST_REDIRECTS} redirects. Give the address they lead to.")


def public_name(url: str) -> str:
    """`url` as it may be kept: without a query, which may hold a key."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _target(url: str, limits: Limits) -> Target:
    """The parts of an address that may be asked. Raises FetchRefused."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise FetchRefused(f"{shown(url)} is no address: {error}.") from error
    if parts.scheme not in limits.schemes:
        allowed = " or ".join(f"{scheme}://" for scheme in limits.schemes)
        raise FetchRefused(f"{shown(url)} is refused: a list is fetched from {allowed} only.")
    if "@" in parts.netloc:
        raise FetchRefused("The address holds a name or a password. Fetch the list yourself; give the file.")
    if not host:
        raise FetchRefused(f"{shown(url)} names no host.")
    return Target(parts, host, port)


def _slow(target: Target, limits: Limits) -> str:
    return (
        f"{target.host} took more than {limits.seconds:g} seconds. Try again, or fetch the list yourself and "
        "give the file."
    )


class _Deadline:
    """One span of time for many waits."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than none. Raises TimeoutError."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Incoming(io.RawIOBase):
    """What a socket receives. Each wait counts against the deadline, so a drip ends with it, too."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


class _Socket:
    """As much of a socket as http.client asks for."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._sock, self._deadline))

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def close(self) -> None:
        """Not yet: http.client asks for it before it has read a body that ends with the connection."""


def _ask(target: Target, limits: Limits, deadline: _Deadline) -> bytes | str:
    """The body, or the address that a redirect leads to."""
    addresses = _judged(target, limits)
    sock = _connected(addresses, target, limits, deadline)
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = _Socket(sock, deadline)
    try:
        connection.request("GET", target.path, headers={"Host": target.name, **HEADERS})
        response = connection.getresponse()
        if response.status in REDIRECTS:
            return response.headers.get("Location", "") or _no_answer(target, response.status)
        if response.status != http.client.OK:
            return _no_answer(target, response.status)
        return _body(target, response, limits)
    finally:
        sock.close()


def _judged(target: Target, limits: Limits) -> Sequence[str]:
    """The addresses of the host, if every one of them may be asked. Raises FetchRefused."""
    try:
        addresses = limits.resolve(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise FetchRefused(f"The host {shown(target.host)} was not found.") from error
    for address in addresses:
        if not limits.is_reachable(address):
            raise FetchRefused(
                f"{shown(target.host)} is at {address}, which is no address of the public internet. "
                "Fetch the list yourself, and give the file."
            )
    return addresses


def _connected(
    addresses: Sequence[str], target: Target, limits: Limits, deadline: _Deadline
) -> socket.socket:
    """A connection to the first address that answers. Raises OSError."""
    failure: OSError = OSError("it has no address")
    for address in addresses:
        try:
            sock = socket.create_connection((address, target.port), timeout=deadline.left())
        except TimeoutError:
            raise
        except OSError as error:
            failure = error
            continue
        return _secured(sock, target, limits, deadline) if target.url.scheme == "https" else sock
    raise failure


def _secured(sock: socket.socket, target: Target, limits: Limits, deadline: _Deadline) -> socket.socket:
    sock.settimeout(deadline.left())
    try:
        return limits.tls.wrap_socket(sock, server_hostname=target.host)
    except BaseException:
        sock.close()
        raise


def _no_answer(target: Target, status: int) -> str:
    raise FetchRefused(f"{target.host} answered {status} for {shown(target.url.path)}. Is the address right?")


def _body(target: Target, response: http.client.HTTPResponse, limits: Limits) -> bytes:
    """All of it. Raises FetchRefused if it is packed, too long or ends too early."""
    packing = response.headers.get("Content-Encoding", "identity")
    if packing.strip().lower() != "identity":
        raise FetchRefused(f"{target.host} sent it packed ({shown(packing)}), though it was asked not to.")
    too_long = f"{target.host} sent more than {limits.most_bytes / 1024**2:g} MiB. Is the address right?"
    if (response.length or 0) > limits.most_bytes:
        raise FetchRefused(too_long)
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > limits.most_bytes:
            raise FetchRefused(too_long)
    if response.length:
        raise FetchRefused(f"{target.host} ended too early. Try again.")
    return bytes(body)


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while chunk := response.read(CHUNK):
        yield chunk
