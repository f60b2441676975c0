"""A test client that asks twice: Django alone, and the edge in front of it. The answers have to be equal."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import quote_from_bytes
from zlib import crc32

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.test import Client

from models_registry.models import AIModel, CatalogueRevision, CatalogueStamp
from tests.videoai.edge.errands import Errands, loop, run
from videoai.edge.application import Edge
from videoai.edge.behind.threads import Django, Request, Threads
from videoai.edge.freshness.reading import Freshness, Silent, State, Touched
from videoai.edge.requests import Headers, Message, Scope
from videoai.wsgi import application

CACHE_BYTES = 1024 * 1024
REQUEST_ID = "twin"
# An answer is made, and then it is ready. The first answer of a kind lends its headers to the later ones.
TIMES = 2

Environ = Mapping[str, Any]


class Told(NamedTuple):
    """A whole response; its headers in their order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def tag(self) -> str:
        return dict(self.headers).get("etag", "")


class TestsOwnConnection:
    """The edge's look at the database through the test's connection, which sees what it has not committed."""

    def __init__(self, errands: Errands) -> None:
        self._errands = errands

    async def open(self) -> tuple[State, dict[int, str]]:
        return await loop().run_in_executor(self._errands, lambda: (_state(), _sold()))

    def look(self, done: Callable[[State | Silent], None]) -> None:
        seen = loop().run_in_executor(self._errands, _state)
        seen.add_done_callback(lambda seen: done(_silent(seen.exception()) or seen.result()))

    async def touched(self, since: State) -> tuple[State, list[Touched]]:
        return await loop().run_in_executor(self._errands, lambda: (_state(), _touched(since)))

    def close(self) -> None:
        """The connection is the test's."""


class Twin:
    """An edge in the process of the test."""

    def __init__(self, *, cache_bytes: int = CACHE_BYTES) -> None:
        self._errands = Errands()
        self._django = Django(application)
        behind = Threads(self._django, self._errands)
        self.edge = Edge(
            freshness=Freshness(TestsOwnConnection(self._errands)),
            behind=behind,
            makers=behind,
            alive=behind,
            cache_bytes=cache_bytes,
        )

    def of_edge(self, scope: Scope) -> Told:
        sent: list[Message] = []
        with _connection_kept():
            run(self._errands, self._counted(scope, _sends(sent)))
        start, *pieces = sent
        return told(scope, start["status"], start["headers"], [piece["body"] for piece in pieces])

    async def _counted(self, scope: Scope, send: Any) -> None:
        """Counted at once, or it would be while the next test counts."""
        await self.edge(scope, _no_body, send)
        self.edge._noting.flush()

    def of_django(self, scope: Scope) -> Told:
        """As the edge hands requests over, but without it."""
        with _connection_kept():
            return told(scope, *self._django.answer(Request(scope)))


class TwinClient(Client):
    """Whatever it asks for without credentials, the edge is asked for as well, and once in other `ways`."""

    def __init__(self, *, cache_bytes: int = CACHE_BYTES, ways: int = 1) -> None:
        super().__init__()
        self.twin = Twin(cache_bytes=cache_bytes)
        self._ways = ways
        self._asked: set[tuple[str, str]] = set()

    def request(self, **request: Any) -> Any:
        environ = self._base_environ(**request)
        if not _is_read_by_anybody(environ):
            return super().request(**request)
        request = {"HTTP_X_REQUEST_ID": REQUEST_ID, "HTTP_HOST": "testserver", **request}
        caches["default"].clear()  # both are counted from one
        response = super().request(**request)
        with _queries_uncounted():
            self._compare(request, told_to_client(response))
        return response

    def _compare(self, request: dict[str, Any], expected: Told) -> None:
        self._assert_equal(request, expected)
        asked = (request["PATH_INFO"], request["QUERY_STRING"])
        if expected.status == 200 and asked not in self._asked:
            self._asked.add(asked)
            for change in variations(expected, of="?".join(asked))[: self._ways]:
                self._assert_equal(request | change, self._of_django(request | change))

    def _of_django(self, request: dict[str, Any]) -> Told:
        caches["default"].clear()
        return told_to_client(super().request(**request))

    def _assert_equal(self, request: dict[str, Any], expected: Told) -> None:
        for time in range(TIMES):
            caches["default"].clear()
            answer = self.twin.of_edge(scope_of(self._base_environ(**request)))
            assert answer == expected, f"{request['REQUEST_METHOD']} {request['PATH_INFO']}, time {time + 1}"


def variations(known: Told, *, of: str) -> list[dict[str, str]]:
    """Other ways to ask for what is `known` under the address `of`, which decides with which they begin."""
    ways = [
        {"REQUEST_METHOD": "HEAD"},
        {"HTTP_ACCEPT_ENCODING": "gzip"},
        {"HTTP_IF_NONE_MATCH": known.tag},
        {"HTTP_ACCEPT_ENCODING": "gzip", "HTTP_IF_NONE_MATCH": f'"x", {known.tag[:-1]}-gzip"'},
    ]
    first = crc32(of.encode()) % len(ways)
    return ways[first:] + ways[:first]


def told(scope: Scope, status: int, headers: Headers, pieces: Iterable[bytes]) -> Told:
    named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    # Servers leave out what a HEAD does not want.
    return Told(status, named, b"".join(pieces) if scope["method"] != "HEAD" else b"")


def told_to_client(response: Any) -> Told:
    """What Django's test client was told."""
    headers = [(name.lower(), value) for name, value in response.items()]
    headers += [("set-cookie", cookie.output(header="").strip()) for cookie in response.cookies.values()]
    return Told(response.status_code, headers, response.content)


def scope_of(environ: Environ) -> Scope:
    """The request as an ASGI server tells it."""
    raw = environ["PATH_INFO"].encode("latin-1")
    headers = [
        (name.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    return {
        "type": "http",
        "method": environ["REQUEST_METHOD"],
        "path": raw.decode("utf-8", "replace"),
        "raw_path": quote_from_bytes(raw).encode(),
        "query_string": environ["QUERY_STRING"].encode("latin-1"),
        "headers": [(name, value) for name, value in headers if value or name != b"cookie"],
        "scheme": environ["wsgi.url_scheme"],
        "http_version": "1.1",
        "client": (environ["REMOTE_ADDR"], 50_000),
        "server": ("testserver", 80),
    }


def _is_read_by_anybody(environ: Environ) -> bool:
    is_read = environ["REQUEST_METHOD"] in {"GET", "HEAD"} and environ["PATH_INFO"].startswith("/api/")
    has_session = f"{settings.SESSION_COOKIE_NAME}=" in environ.get("HTTP_COOKIE", "")
    return is_read and not has_session and "HTTP_AUTHORIZATION" not in environ


@contextmanager
def _connection_kept() -> Iterator[None]:
    """A request would close the connection that a test is in the midst of."""
    with patch.object(connection, "close_if_unusable_or_obsolete"):
        yield


@contextmanager
def _queries_uncounted() -> Iterator[None]:
    """A test that counts queries counts those of its own request."""
    was, connection.force_debug_cursor = connection.force_debug_cursor, False
    try:
        yield
    finally:
        connection.force_debug_cursor = was


def _state() -> State:
    row = CatalogueRevision.objects.values_list("epoch", "revision").first()
    return State("", *(row or ("", 0)), "")


def _sold() -> dict[int, str]:
    return dict(AIModel.objects.sold().order_by().values_list("pk", "model_id"))


def _touched(since: State) -> list[Touched]:
    stamps = CatalogueStamp.objects.filter(revision__gt=since.revision).values_list("kind", "row_id")
    models = {model.pk: model for model in AIModel.objects.order_by()}
    return [
        Touched(kind, row_id, model.model_id if model else None, bool(model and model.is_active))
        for kind, row_id in stamps
        for model in [models.get(row_id) if kind == "models" else None]
    ]


def _silent(error: BaseException | None) -> Silent | None:
    if isinstance(error, DatabaseError):
        return Silent(str(error))
    return None


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _sends(sent: list[Message]) -> Any:
    async def send(message: Message) -> None:
        sent.append(message)

    return send
