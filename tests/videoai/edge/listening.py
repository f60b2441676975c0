"""A catalogue that changes on demand, and those who listen to it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

from videoai.edge.freshness.reading import Change, ChangedModel, Freshness, Reading, Silent
from videoai.edge.streams.streams import Streams

EPOCH = "e" * 32
PATIENCE = 10  # seconds that a busy machine may take


def sold(*model_ids: str) -> tuple[ChangedModel, ...]:
    return tuple(ChangedModel(model_id, was_sold=True, is_sold=True) for model_id in model_ids)


class Catalogue:
    """Stands in for `Freshness`: what is read is what a test said last."""

    def __init__(self, revision: int = 1) -> None:
        self.latest: Reading | None = None
        self.reads = 0
        self.is_silent = False
        self._present = Reading(EPOCH, revision)
        self._listener: Callable[[Change], None] = lambda change: None
        self._changes: list[Change] = [Change(None, self._present, None, prices=True)]

    def listen(self, listener: Callable[[Change], None]) -> None:
        self._listener = listener

    async def read(self) -> Reading:
        self.reads += 1
        await asyncio.sleep(0)
        if self.is_silent:
            raise Silent
        while self._changes:
            change = self._changes.pop(0)
            self.latest = change.after
            self._listener(change)
        return self._present

    def change(
        self, models: tuple[ChangedModel, ...] | None, *, prices: bool = False, epoch: str = EPOCH
    ) -> None:
        """Commit a change, which the next reading finds."""
        before, self._present = self._present, Reading(epoch, self._present.revision + 1)
        self._changes.append(Change(before, self._present, models, prices))

    def come_back(self) -> None:
        """Answer again, at the revision that it was; what happened meanwhile nobody knows."""
        self.is_silent = False
        self._changes.append(Change(None, self._present, None, prices=True))

    @property
    def event_id(self) -> str:
        return f"{self._present.epoch}-{self._present.revision}"

    def streams(self, **settings: Any) -> Streams:
        usual = {"most": 100, "most_of_address": 100, "heartbeat_seconds": 3_600}
        return Streams(cast(Freshness, self), **{**usual, **settings})


class Listener:
    """A client whose stream begins at once and lasts until it leaves."""

    def __init__(self, streams: Streams, *, last: str = "", address: str = "192.0.2.1") -> None:
        self.messages: list[dict[str, Any]] = []
        self.takes = asyncio.Event()  # cleared: what is sent now waits
        self.takes.set()
        self.is_gone = False
        self._leaves = asyncio.Event()
        self.stream = asyncio.create_task(
            streams.serve(self._receive, self._send, address=address, last_event_id=last, headers=[])
        )

    async def _receive(self) -> dict[str, Any]:
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if self.is_gone:
            raise OSError("nobody is there")
        self.messages.append(message)
        if message.get("more_body") is False:
            self._leaves.set()
        await self.takes.wait()

    async def leave(self) -> None:
        self._leaves.set()
        await self.stream

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.messages).decode()

    @property
    def has_ended(self) -> bool:
        return self.messages[-1].get("more_body") is False

    @property
    def events(self) -> list[dict[str, Any]]:
        """The data of each event, with its id."""
        found = []
        for block in self.text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "data" in fields:
                assert fields["event"] == "catalogue"
                found.append({"id": fields["id"], **json.loads(fields["data"])})
        return found


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)
