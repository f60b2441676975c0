"""Backends that record single generations through the edge."""

import asyncio
import json
from typing import Any

from tests.videoai.edge import loops
from videoai.edge.behind.threads import Django, Request
from videoai.edge.ready.answers import Answer
from videoai.edge.recording.group_commit import GroupCommit
from videoai.wsgi import application

PATH = "/api/v1/models/a/b/generations/"
REPORT = {"generation_id": "g-1", "generation_time": 12.5, "success": True}


def recording(
    token: str, content: object = REPORT, *, path: str = PATH, query: str = "", **headers: str | None
) -> Request:
    """A request as the server tells it. A header is named with `_` for `-`; None leaves it out."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    sent = {
        "host": "localhost",
        "authorization": f"Bearer {token}",
        "content_type": "application/json",
        "content_length": str(len(body)),
        "x_request_id": "r-1",
        **headers,
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "scheme": "http",
        "http_version": "1.1",
        "client": ("192.0.2.7", 50_000),
        "server": ("127.0.0.1", 8000),
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in sent.items()
            if value is not None
        ],
    }
    return Request(scope, body)


def reports(*generation_ids: str, **fields: Any) -> list[dict[str, Any]]:
    return [{**REPORT, "generation_id": one, **fields} for one in generation_ids]


def recorded(group: GroupCommit, *requests: Request) -> list[Answer | Request]:
    """What becomes of `requests` that are sent at the same moment."""

    async def at_once() -> list[Answer | Request]:
        return await asyncio.gather(*(group.record(request) for request in requests))

    return loops.run_in_real_time(at_once())


def statuses(group: GroupCommit, *requests: Request) -> list[int | None]:
    """None for those that are left to Django."""
    return [one.status if isinstance(one, Answer) else None for one in recorded(group, *requests)]


def by_django(request: Request) -> Answer:
    """What Django's WSGI handler answers."""
    status, headers, pieces = Django(application).answer(request)
    return Answer(status, headers, b"".join(pieces))
