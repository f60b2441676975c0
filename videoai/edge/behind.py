"""Django, called as WSGI in threads of this process."""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from django.conf import settings

from videoai.edge.answers import Answer
from videoai.edge.requests import Headers, Scope

T = TypeVar("T")
Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

# Of a body that is too large, so much is read.
MOST_READ = 16 * 1024 * 1024
# A client that does not take a piece in this time is given up.
MOST_SECONDS_A_PIECE = 60


class Request(NamedTuple):
    """A request as it goes to Django: its body is read, so no thread has to wait for a slow client."""

    scope: Scope
    body: bytes = b""


class Behind(Protocol):
    """Whoever answers what the edge does not. Called in threads."""

    def answer(self, request: Request) -> tuple[int, Headers, Iterable[bytes]]:
        """The status, the headers and the body in pieces, each of which may take its time."""


class Django:
    """Django's WSGI application."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def answer(self, request: Request) -> tuple[int, Headers, Iterable[bytes]]:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            started.append((status, headers))

        body = self._application(environ(request), start_response)
        status, headers = started[0]
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return int(status.split(" ", 1)[0]), encoded, body


def environ(request: Request) -> dict[str, Any]:
    """What WSGI tells of a request (PEP 3333)."""
    scope = request.scope
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    raw = scope.get("raw_path") or scope["path"].encode()
    told: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw.partition(b"?")[0]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        _add_header(told, name.decode("latin-1"), value.decode("latin-1"))
    return told


def _add_header(told: dict[str, Any], name: str, value: str) -> None:
    if "_" in name:
        return  # would be taken for the one with a dash, which a proxy may have set
    key = name.upper().replace("-", "_")
    if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        key = f"HTTP_{key}"
    joint = "; " if key == "HTTP_COOKIE" else ","
    told[key] = f"{told[key]}{joint}{value}" if key in told else value


class Threads:
    """Runs what is behind in threads, and sends what it answers."""

    def __init__(self, behind: Behind, *, threads: int, name: str) -> None:
        self._behind = behind
        self._pool = ThreadPoolExecutor(threads, name)

    async def ask(self, request: Request) -> Answer:
        """The whole answer."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._whole, request)

    async def run(self, work: Callable[[], T]) -> T:
        """Whatever else takes a thread and a connection to the database."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def hand_over(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request's body, have it answered and send the answer."""
        await self.pass_on(Request(scope, await read_body(scope, receive)), send)

    async def pass_on(self, request: Request, send: Send) -> None:
        """Have it answered and send the answer, in pieces if it comes in pieces."""
        loop = asyncio.get_running_loop()

        def emit(message: Message) -> None:
            """Returns when it is sent, so that no more is made than the client takes."""
            asyncio.run_coroutine_threadsafe(_sent(send, message), loop).result(MOST_SECONDS_A_PIECE)

        answer = await loop.run_in_executor(self._pool, self._in_pieces, request, emit)
        if answer is not None:
            await send_answer(answer, send)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _whole(self, request: Request) -> Answer:
        status, headers, pieces = self._behind.answer(request)
        try:
            return Answer(status, headers, b"".join(pieces))
        finally:
            _close(pieces)

    def _in_pieces(self, request: Request, emit: Callable[[Message], None]) -> Answer | None:
        """The answer, if it is in one piece; otherwise it is emitted."""
        status, headers, pieces = self._behind.answer(request)
        try:
            rest = iter(pieces)
            first, second = next(rest, b""), next(rest, None)
            if second is None:
                return Answer(status, headers, first)
            emit({"type": "http.response.start", "status": status, "headers": headers})
            for piece in chain((first, second), rest):
                emit({"type": "http.response.body", "body": piece, "more_body": True})
            emit({"type": "http.response.body", "body": b""})
            return None
        finally:
            _close(pieces)


async def send_answer(answer: Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The body; empty if there is none, or a larger one than Django takes, which it knows by its length.

    What is too large is read all the same, within limits: many clients listen only after they have sent.
    """
    if not any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"]):
        return b""
    pieces: list[bytes] = []
    size, more = 0, True
    while more and size <= MOST_READ:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError("The client went away before it had sent its request.")
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
        pieces.append(message.get("body", b""))
        if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            pieces.clear()
    return b"".join(pieces) if size <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE else b""


async def _sent(send: Send, message: Message) -> None:
    await send(message)


def _close(pieces: Iterable[bytes]) -> None:
    """PEP 3333: whoever iterates closes; Django gives its connection back then."""
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
