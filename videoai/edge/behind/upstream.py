"""Django in processes of its own, asked over HTTP: none of them keeps the event loop from Python's lock."""

import http.client
import logging
import select
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from threading import Lock
from typing import NamedTuple

from django.conf import settings

from videoai.edge.behind.errors import Unavailable
from videoai.edge.behind.places import Place
from videoai.edge.behind.threads import Request, by_name
from videoai.edge.requests import Headers
from videoai.observing.for_edge import HEADER, seal

logger = logging.getLogger(__name__)

# How long a process may take to accept a connection, and between two pieces of an answer.
CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 120.0
# A process that accepted no connection is left alone so long, as long as there is another one.
REST_SECONDS = 1.0
PIECE_BYTES = 256 * 1024
GONE = "The servers that answer this are down. Try again in a moment."

FOR_EDGE = HEADER.lower()  # as ASGI tells names

# They tell of one connection (RFC 9110, 7.6.1), or of who sends it.
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)
OWN = frozenset({b"date", b"server"})
# What may be sent twice without harm.
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})


class Upstream:
    """Asks the processes at `places` in turn; a dead one is passed over."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._upstreams = [_Process(place) for place in places]
        self._turn = count()

    def answer(self, request: Request) -> tuple[int, Headers, Iterable[bytes]]:
        """Raises Unavailable if no process can be reached, or the one that was asked died."""
        outgoing = _outgoing(request)
        for process in self._in_turn():
            try:
                response, connection = process.ask(outgoing)
            except _NotSent:
                continue
            return response.status, _incoming(response), process.pieces(response, connection)
        raise Unavailable(GONE)

    def _in_turn(self) -> list["_Process"]:
        start = next(self._turn) % len(self._upstreams)
        turned = [*self._upstreams[start:], *self._upstreams[:start]]
        return sorted(turned, key=lambda process: process.rests())


class _NotSent(Exception):
    """The request did not reach the process: another one may be asked."""


class _Outgoing(NamedTuple):
    method: str
    target: str
    headers: list[tuple[str, bytes]]
    body: bytes


class _Process:
    """One process, and the connections to it that nobody uses at the moment."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._idle: list[_Connection] = []
        self._lock = Lock()
        self._rests_until = 0.0
        self._is_gone = False

    def rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def ask(self, outgoing: _Outgoing) -> "tuple[http.client.HTTPResponse, _Connection]":
        while True:
            connection, is_kept = self._connected()
            try:
                connection.send_request(outgoing)
                return connection.getresponse(), connection
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if is_kept and outgoing.method in REPEATABLE and not isinstance(error, TimeoutError):
                    continue  # it was closed at the very moment
                logger.warning("%s broke off: %s", self._place, type(error).__name__)
                raise Unavailable(GONE) from None

    def pieces(self, response: http.client.HTTPResponse, connection: "_Connection") -> Iterator[bytes]:
        """The body as it comes; the connection is kept once all of it has been taken."""
        try:
            while piece := response.read1(PIECE_BYTES):
                yield piece
        finally:
            is_read = response.isclosed() or response.length == 0
            response.close()
            if is_read and not response.will_close:
                with self._lock:
                    self._idle.append(connection)
            else:
                connection.close()

    def _connected(self) -> "tuple[_Connection, bool]":
        """A connection, and whether it was kept from an earlier request. Raises _NotSent."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._new(), False
            if connection.is_alive():
                return connection, True
            connection.close()

    def _new(self) -> "_Connection":
        connection = _Connection(self._place)
        try:
            connection.connect()
        except OSError as error:
            if not self._is_gone:
                logger.warning("%s can't be reached: %s", self._place, error)
            self._is_gone, self._rests_until = True, time.monotonic() + REST_SECONDS
            raise _NotSent from None
        if self._is_gone:
            logger.warning("%s is reached again.", self._place)
        self._is_gone, self._rests_until = False, 0.0
        return connection


class _Connection(http.client.HTTPConnection):
    def __init__(self, place: Place) -> None:
        super().__init__(place.host, place.port, timeout=CONNECT_SECONDS)
        self._place = place

    def connect(self) -> None:
        if self._place.socket:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(CONNECT_SECONDS)
            self.sock.connect(self._place.socket)
        else:
            super().connect()
        self.sock.settimeout(ANSWER_SECONDS)

    def is_alive(self) -> bool:
        """Nothing may be heard on a connection that nobody uses but that it ends."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    def send_request(self, outgoing: _Outgoing) -> None:
        self.putrequest(outgoing.method, outgoing.target, skip_host=True, skip_accept_encoding=True)
        for name, value in outgoing.headers:
            self.putheader(name, value)
        self.endheaders(outgoing.body or None)


def _outgoing(request: Request) -> _Outgoing:
    scope = request.scope
    told = by_name(scope["headers"])
    named = {name.strip().lower().encode("latin-1") for name in told.get("connection", "").split(",")}
    dropped = HOP_BY_HOP | named
    headers = {name: value for name, value in told.items() if name.encode("latin-1") not in dropped}
    client = scope.get("client")
    if client is not None:
        headers["x-forwarded-for"] = ",".join(filter(None, [headers.get("x-forwarded-for"), str(client[0])]))
    if scope.get("for_edge"):
        headers[FOR_EDGE] = seal()
    body = request.body
    if "transfer-encoding" in told:
        # It goes on as it came: without a length.
        headers["transfer-encoding"] = "chunked"
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    elif headers.get("content-length", "0") not in {"0", str(len(body))}:
        # It was too large to be kept, and another one that is too large has the same answer.
        body = bytes(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        headers["content-length"] = str(len(body))
    raw = scope.get("raw_path") or scope["path"].encode()
    target = raw.partition(b"?")[0] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    encoded = [(name, value.encode("latin-1")) for name, value in headers.items()]
    return _Outgoing(scope["method"], _in_ascii(target), encoded, body)


def _in_ascii(target: bytes) -> str:
    """A client may send any bytes; what is no visible character of ASCII goes on in its other spelling."""
    return "".join(chr(byte) if 0x21 <= byte <= 0x7E else f"%{byte:02X}" for byte in target)


def _incoming(response: http.client.HTTPResponse) -> Headers:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.getheaders()
    ]
    return [(name, value) for name, value in headers if name not in HOP_BY_HOP | OWN]
