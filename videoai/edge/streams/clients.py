"""Who listens to a live stream. Thousands do, so each is one small object, and no task of ours."""

import asyncio
import types
from collections.abc import Callable, Generator
from typing import Any, Self

from videoai.edge.requests import Message, Send

END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


def chunk(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


class Client:
    """One open stream: the last change that it was told of, and whether it still has to take that."""

    __slots__ = ("_send", "_sending", "group", "overdue", "told")

    def __init__(self, send: Send, *, told: int, group: set[Self]) -> None:
        self.told = told
        self.group = group
        self.overdue = 0  # heartbeats that came due while a message was on its way
        self._send = send
        self._sending: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Is a message on its way? Then nothing more is sent, so that nothing piles up."""
        return self._sending is not None

    def tell(self, message: Message, *, then: Callable[[Self], None]) -> None:
        """Send `message` without waiting; `then` is called once a client that is slow has taken it.

        Only for those a task is made. Nearly always the server takes a message at once.
        """
        steps = self._send(message).__await__()
        try:
            waiting = next(steps)
        except StopIteration:
            return
        except (OSError, RuntimeError):
            # Nobody is there; servers differ in how they say so. `receive` tells whoever holds the stream.
            self.group.discard(self)
            return
        self._sending = asyncio.get_running_loop().create_task(_rest(waiting, steps))
        self._sending.add_done_callback(lambda task: self._taken(task, then))

    def end(self) -> None:
        """Tell nothing more, and let the client hear that this was all."""
        self.group.discard(self)
        self.tell(END, then=lambda client: None)

    def _taken(self, task: "asyncio.Task[None]", then: Callable[[Self], None]) -> None:
        self._sending, self.overdue = None, 0
        if task.cancelled() or task.exception() is not None:
            self.group.discard(self)
        elif self in self.group:
            then(self)


@types.coroutine
def _rest(waiting: Any, steps: Generator[Any, Any, None]) -> Generator[Any, Any, None]:
    """What is left of an awaitable that has gone as far as `waiting`."""
    yield waiting
    yield from steps
