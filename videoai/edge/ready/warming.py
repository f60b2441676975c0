"""After a start, or when everything was let go: the models on sale are fetched many at a time.

Asked for one by one, ten thousand would keep the makers busy for a minute.
"""

import asyncio
import logging

from videoai.edge.freshness.reading import Change, Freshness, Silent
from videoai.edge.ready.addresses import PREFIX, read
from videoai.edge.ready.catalogue import Ready
from videoai.edge.ready.making import Makers
from videoai.edge.ready.own import own_asking

logger = logging.getLogger(__name__)

PAGE_SIZE = 200
# Callers come first: so much of the time is left to them.
REST_SECONDS = 0.05


class Warming:
    def __init__(self, makers: Makers, ready: Ready, freshness: Freshness) -> None:
        self._makers = makers
        self._ready = ready
        self._freshness = freshness
        self._is_needed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        freshness.listen(self._notice)

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _notice(self, change: Change) -> None:
        if change.models is None:
            self._is_needed.set()

    async def _run(self) -> None:
        while True:
            await self._is_needed.wait()
            self._is_needed.clear()
            try:
                await self._warm()
            except Silent:
                pass  # a new connection will be a reason to begin again
            except Exception:
                logger.exception("Warming failed; each model is made when it is asked for.")

    async def _warm(self) -> None:
        """Page by page, until there is no next one or no more room."""
        page = 1
        while self._ready.has_room:
            address = read(f"{PREFIX}models/", b"page_size=%d&page=%d" % (PAGE_SIZE, page))
            if address is None:
                return
            made = await self._makers.make(address, own_asking())
            if made is None or made.entry is None:
                return
            self._ready.shelf.drop(address.target)  # only its models were wanted
            if b'"next":null' in made.entry.body[:200]:
                return
            page += 1
            await asyncio.sleep(REST_SECONDS)
