"""The ceiling: an ASGI application that answers with bytes it was given, and does nothing else.

`CONSTANT_ANSWERS` names a file of JSON: `{path: {status, headers: [[name, value]…], body (base64)}}`.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from tests.benchmarks.answers import Answer

Message = MutableMapping[str, Any]
ADDED = {"date", "server", "connection", "transfer-encoding"}  # by the server, to whatever it sends


def written(answers: Mapping[str, Answer]) -> str:
    """What the file holds for `answers` by path."""
    return json.dumps(
        {
            path: {
                "status": answer.status,
                "headers": [header for header in answer.headers if header[0].lower() not in ADDED],
                "body": b64encode(answer.body).decode(),
            }
            for path, answer in answers.items()
        }
    )


def read(text: str) -> dict[str, tuple[Message, Message]]:
    """The two messages that make an answer, by path."""
    return {
        path: (
            {
                "type": "http.response.start",
                "status": told["status"],
                "headers": [(name.lower().encode(), value.encode()) for name, value in told["headers"]],
            },
            {"type": "http.response.body", "body": b64decode(told["body"])},
        )
        for path, told in json.loads(text).items()
    }


ANSWERS = read(Path(named).read_text()) if (named := os.environ.get("CONSTANT_ANSWERS")) else {}


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    head, body = ANSWERS[scope["path"]]
    await send(head)
    await send(body)


async def live(receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
