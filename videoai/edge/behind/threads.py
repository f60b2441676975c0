"""Whoever answers what the edge does not, asked in threads; and Django, called as WSGI in this process."""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from itertools import chain
from time import perf_counter as clock
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from videoai.edge.behind.bodies import Bodies
from videoai.edge.behind.errors import Unavailable
from videoai.edge.ready.answers import Answer
from videoai.edge.requests import Headers, Message, Receive, Scope, Send
from videoai.observing.for_edge import FOR_EDGE
from videoai.observing.once import ONCE
from videoai.observing.requests import BEGAN

# A client that does not take a piece in this time is given up.
MOST_SECONDS_A_PIECE = 60
# More requests than this don't wait for a thread.
MOST_WAITING = 1_000
# While a request is long in the answering, this often the database is asked whether it is there at all.
PULSE_SECONDS = 0.5
READING = frozenset({"GET", "HEAD", "OPTIONS"})

T = TypeVar("T")
bodies = Bodies()  # of the process, however many pools it has


class Request(NamedTuple):
    """A request as it goes to Django: its body is read, so no thread has to wait for a slow client."""

    scope: Scope
    body: bytes = b""
    began: float | None = None  # when it was here, by `perf_counter`: whoever asks waits for a thread, too


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
        FOR_EDGE: scope.get("for_edge", False),
        BEGAN: request.began,
        ONCE: scope.get(ONCE),
    }
    for name, value in by_name(scope["headers"]).items():
        key = name.upper().replace("-", "_")
        told[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return told


def by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers as WSGI tells them: one of each name."""
    told: dict[str, str] = {}
    for encoded, value in headers:
        name = encoded.decode("latin-1")
        if "_" in name:
            continue  # would be taken for the one with a dash, which a proxy may have set
        joint = "; " if name == "cookie" else ","
        text = value.decode("latin-1")
        told[name] = f"{told[name]}{joint}{text}" if name in told else text
    return told


class Threads:
    """Runs what is behind in the threads of `pool`, and sends what it answers.

    `pulse` fails when nothing can be answered any more, as when the database is gone.
    """

    def __init__(
        self,
        behind: Behind,
        pool: Executor,
        *,
        writers: Executor | None = None,
        pulse: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`writers` answers what is no plain read, if that is not to take all of the pool."""
        self._behind = behind
        self._pool = pool
        self._writers = writers or pool
        self._under_way = 0
        self._pulse = pulse

    async def ask(self, request: Request) -> Answer:
        """The whole answer. Raises Unavailable."""
        return await self._run(partial(self._whole, request), self._pool)

    async def run(self, work: Callable[[], T]) -> T:
        """Whatever else takes a thread and a connection to the database. Raises Unavailable."""
        return await self._run(work, self._pool)

    async def hand_over(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request's body, have it answered and send the answer."""
        async with bodies.read(scope, receive) as body:
            await self.pass_on(Request(scope, body, clock()), receive, send)

    async def pass_on(self, request: Request, receive: Receive, send: Send) -> None:
        """Have it answered and send the answer, in pieces if it comes in pieces.

        Raises Unavailable, or what the pulse raises, as long as nothing was sent.
        """
        sending = _Sending(send)
        watching = asyncio.get_running_loop().create_task(_watch(request.scope, receive, sending))
        try:
            pool = self._pool if request.scope["method"] in READING else self._writers
            answer = await self._run(partial(self._in_pieces, request, sending.emit), pool, sending)
        finally:
            sending.is_over = True
            watching.cancel()
        if answer is not None:
            await send_answer(answer, send)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T], pool: Executor, sending: "_Sending | None" = None) -> T:
        if self._under_way >= MOST_WAITING:
            raise Unavailable("Too many requests are waiting. Try again in a moment.")
        self._under_way += 1
        future = asyncio.get_running_loop().run_in_executor(pool, work)
        try:
            if sending is not None and self._pulse is not None:
                while not (await asyncio.wait([future], timeout=PULSE_SECONDS))[0]:
                    if not sending.has_begun:
                        await self._pulse()
            return await future
        finally:
            self._under_way -= 1
            # Does nothing to what is done or being done; what waits for a thread is taken from the queue.
            future.cancel()

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


class _Sending:
    """What a thread sends while the event loop waits for it, or does not wait any more."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self.has_begun = self.is_over = False

    def emit(self, message: Message) -> None:
        """Called in a thread. Returns when it is sent, so that no more is made than the client takes."""
        asyncio.run_coroutine_threadsafe(self._sent(message), self._loop).result(MOST_SECONDS_A_PIECE)

    async def _sent(self, message: Message) -> None:
        if self.is_over:
            raise ConnectionAbortedError("The client was told something else, or went away.")
        self.has_begun = True
        await self._send(message)


async def _watch(scope: Scope, receive: Receive, sending: _Sending) -> None:
    """Leave on the request that nobody waits for its answer any more, if that happens before it begins."""
    message = await receive()
    while message.get("more_body"):
        message = await receive()  # of a body that is too large
    if message["type"] == "http.request":
        message = await receive()
    once = scope.get(ONCE)
    if message["type"] == "http.disconnect" and once is not None and not sending.has_begun:
        once.is_in_vain = True


async def send_answer(answer: Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


def _close(pieces: Iterable[bytes]) -> None:
    """PEP 3333: whoever iterates closes; Django gives its connection back then."""
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
