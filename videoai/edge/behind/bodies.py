"""Bodies of requests, read before anybody has to wait for them; whoever sends them, within bounds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from django.conf import settings

from videoai.edge.behind.errors import ClientGone, Unavailable
from videoai.edge.requests import Receive, Scope

# Of a body that is too large, so much is read: many clients listen only after they have sent.
MOST_READ = 16 * 1024 * 1024
# What all the bodies of a process may hold, from their first byte to their answer.
MOST_HELD = 64 * 1024 * 1024
# A body that is not there by then does not come.
PATIENCE_SECONDS = 30.0


class Bodies:
    """The bodies that this process holds."""

    def __init__(self, *, most_held: int = MOST_HELD, patience: float = PATIENCE_SECONDS) -> None:
        self._most_held, self._patience = most_held, patience
        self.held = 0

    @asynccontextmanager
    async def read(self, scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
        """The body, as long as it is needed.

        Empty if there is none, or a larger one than Django takes, which it knows by its length. Raises
        Unavailable when too many are held or it comes too slowly, ClientGone when its sender leaves.
        """
        if not any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"]):
            yield b""
            return
        body = _Body()
        try:
            await self._in_time(self._fill(body, receive))
            yield b"".join(body.pieces)
        finally:
            self.held -= body.held

    async def _in_time(self, filling: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await filling
        except TimeoutError:
            raise Unavailable(f"The body did not come within {self._patience:g} seconds.") from None

    async def _fill(self, body: "_Body", receive: Receive) -> None:
        read, more = 0, True
        while more and read <= MOST_READ:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece, more = message.get("body", b""), message.get("more_body", False)
            read += len(piece)
            if read > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
                self.held -= body.held
                body.clear()
            elif self.held + len(piece) > self._most_held:
                raise Unavailable("Too much is being sent at once. Try again in a moment.")
            else:
                self.held += len(piece)
                body.add(piece)


class _Body:
    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.held = 0

    def add(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.held += len(piece)

    def clear(self) -> None:
        self.pieces, self.held = [], 0
