"""A catalogue of bodies, and Django's part and the database's played by it: for what takes exact timing."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from tests.videoai.edge.errands import MOST_SECONDS, loop
from videoai.edge.application import Edge
from videoai.edge.behind.threads import Request, Threads
from videoai.edge.freshness.reading import Freshness, Silent, State, Touched
from videoai.edge.requests import Headers, Message

T = TypeVar("T")
HEADERS: Headers = [(b"etag", b""), (b"content-length", b""), (b"x-request-id", b"")]
LIST = "/api/v1/models/"


def detail(model_id: str) -> str:
    return f"{LIST}{model_id}/"


class StandIn:
    """Models by id, in the order of their ids. `meanwhile` is called in the midst of each answer."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.meanwhile: Callable[[str], None] = lambda target: None
        self.fails: dict[str, int] = {}  # target → status
        self._revisions: dict[str, int] = {}
        self.revision = 0

    def put(self, model_id: str, **fields: Any) -> None:
        usual = {"name": model_id, "status": "active", "is_premium": False, "is_default": False, "tags": []}
        self.models[model_id] = {"model_id": model_id, **usual, **fields}
        self.revision += 1
        self._revisions[model_id] = self.revision

    # --- As Django ---------------------------------------------------------------------------------------

    def answer(self, request: Request) -> tuple[int, Headers, list[bytes]]:
        target = request.scope["path"]
        self.asked.append(target)
        status, body = self._body(target)
        self.meanwhile(target)
        return self.fails.get(target, status), HEADERS, [body]

    def _body(self, target: str) -> tuple[int, bytes]:
        if target == LIST:
            models = [self.models[model_id] for model_id in sorted(self.models)]
            return 200, _json({"count": len(models), "next": None, "previous": None, "results": models})
        model = self.models.get(target.removeprefix(LIST).removesuffix("/"))
        return (404, b"{}") if model is None else (200, _json(model))

    # --- As the database ---------------------------------------------------------------------------------

    async def open(self) -> tuple[State, dict[int, str]]:
        return self._state(), dict(enumerate(self._revisions))

    def look(self, done: Callable[[State | Silent], None]) -> None:
        done(self._state())

    async def touched(self, since: State) -> tuple[State, list[Touched]]:
        rows = enumerate(self._revisions.items())
        return self._state(), [
            Touched("models", row, model_id, True)
            for row, (model_id, revision) in rows
            if revision > since.revision
        ]

    def close(self) -> None: ...

    def _state(self) -> State:
        return State("", "", self.revision, "")


class Asker:
    """An edge before a stand-in, and who asks it."""

    def __init__(self, stand_in: StandIn, *, cache_bytes: int = 1_000_000) -> None:
        self.pool = ThreadPoolExecutor(4)
        threads = Threads(stand_in, self.pool)
        self.edge = Edge(
            freshness=Freshness(stand_in),
            behind=threads,
            makers=threads,
            alive=threads,
            cache_bytes=cache_bytes,
        )

    def get(self, path: str) -> Any:
        """The body; None for an error."""
        return self.begin(path).result(MOST_SECONDS)

    def begin(self, path: str) -> "Future[Any]":
        return in_loop(self._get(path))

    async def _get(self, path: str) -> Any:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "scheme": "http",
            "http_version": "1.1",
        }
        await self.edge(scope, receive, send)
        return json.loads(sent[1]["body"]) if sent[0]["status"] == 200 else None


def in_loop(coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
    return asyncio.run_coroutine_threadsafe(coroutine, loop())


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
