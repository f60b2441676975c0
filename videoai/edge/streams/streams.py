"""Live streams: every client hears of every change of the catalogue, soon after its commit."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

from videoai.edge.freshness.reading import Freshness, Silent
from videoai.edge.requests import Headers, Receive, Send
from videoai.edge.streams.clients import Client, chunk
from videoai.edge.streams.recent import MOST_CHANGES, RecentChanges
from videoai.live import events

POLL_SECONDS = 0.01
# After the database was silent; its answers may take seconds then.
SILENCE_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
# A client that takes nothing for so many heartbeats is let go.
MOST_OVERDUE = 4
# Each is told in one go, and other work comes between: to tell thousands at once would keep all else waiting.
GROUPS = 64
HEARTBEAT = chunk(events.HEARTBEAT)


class TooManyStreams(Exception):
    """This process holds as many as it may, or is about to end."""


class TooManyOfAddress(Exception):
    """One address holds as many as it may."""


class Streams:
    """Asks for changes only while somebody listens, and once for all who do."""

    def __init__(
        self,
        freshness: Freshness,
        *,
        most: int,
        most_of_address: int,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        most_changes: int = MOST_CHANGES,
    ) -> None:
        self._freshness = freshness
        self._most, self._most_of_address = most, most_of_address
        self._heartbeat_seconds = heartbeat_seconds
        self._recent = RecentChanges(most_changes)
        self._groups: tuple[set[Client], ...] = tuple(set() for _ in range(GROUPS))
        self._next_group = cycle(self._groups)
        self._addresses: Counter[str] = Counter()
        self._count = 0
        self._works: list[asyncio.Task[None]] = []
        self._told = 0  # the last change that all were told of
        self._is_ending = False
        freshness.listen(self._recent.add)

    def __len__(self) -> int:
        return self._count

    async def serve(
        self, receive: Receive, send: Send, *, address: str, last_event_id: str, headers: Headers
    ) -> None:
        """Hold one stream until its client goes, or all end.

        Sends nothing before it raises TooManyStreams, TooManyOfAddress or Silent.
        """
        with self._counted(address):
            await self._freshness.read()
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            client = self._joined(send, last_event_id)
            try:
                while (await receive())["type"] != "http.disconnect":
                    pass
            finally:
                client.group.discard(client)

    def end(self) -> None:
        """End every stream. Clients come back, to this process's successor, with their last id."""
        self._is_ending = True
        for group in self._groups:
            for client in tuple(group):
                client.end()

    @contextmanager
    def _counted(self, address: str) -> Iterator[None]:
        if self._is_ending or self._count >= self._most:
            raise TooManyStreams
        if self._addresses[address] >= self._most_of_address:
            raise TooManyOfAddress
        self._count += 1
        self._addresses[address] += 1
        try:
            yield
        finally:
            self._count -= 1
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]
            if not self._count:
                self._rest()

    def _rest(self) -> None:
        for work in self._works:
            work.cancel()
        self._works = []

    def _joined(self, send: Send, last_event_id: str) -> Client:
        """Nothing may happen between what the client is told at first and its place among the others."""
        recent = self._recent
        missed = recent.since(recent.number_of(last_event_id)) if last_event_id else b""
        client = Client(send, told=recent.number, group=next(self._next_group))
        client.group.add(client)
        client.tell(chunk(events.opening(recent.present) + missed), then=self._catch_up)
        if self._is_ending:
            client.end()
        if not self._works:
            self._works = [asyncio.create_task(work) for work in (self._watch(), self._beat())]
        return client

    # --- What goes on while somebody listens -------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            try:
                await self._freshness.read()
            except Silent:
                await asyncio.sleep(SILENCE_SECONDS)
            while self._told != self._recent.number:
                self._told = self._recent.number
                await self._tell_all()
            await asyncio.sleep(POLL_SECONDS)

    async def _tell_all(self) -> None:
        for group in self._groups:
            for client in tuple(group):
                self._catch_up(client)
            await asyncio.sleep(0)

    def _catch_up(self, client: Client) -> None:
        """Tell all that came since the client was told last, in one event; a slow one later, when it can."""
        if client.is_busy:
            return
        news = self._recent.since(client.told)
        client.told = self._recent.number
        if news:
            client.tell(chunk(news), then=self._catch_up)

    async def _beat(self) -> None:
        for group in cycle(self._groups):
            await asyncio.sleep(self._heartbeat_seconds / GROUPS)
            for client in tuple(group):
                self._keep_open(client)

    def _keep_open(self, client: Client) -> None:
        if not client.is_busy:
            client.tell(HEARTBEAT, then=self._catch_up)
            return
        client.overdue += 1
        if client.overdue >= MOST_OVERDUE:
            client.end()
