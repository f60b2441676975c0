"""Having Django make what is not ready: one maker a missing address, however many wait for it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from videoai.edge.behind.threads import PULSE_SECONDS, Request, Threads
from videoai.edge.freshness.reading import Freshness, Reading
from videoai.edge.ready.addresses import Address, WholeList
from videoai.edge.ready.answers import OK, Answer, Answers, variant_of
from videoai.edge.ready.catalogue import Ready
from videoai.edge.ready.orders import read_order
from videoai.edge.ready.shelf import Entry
from videoai.edge.requests import Plain, Scope
from videoai.limits.counted import raw
from videoai.limits.windows import Count

NOT_FOUND = 404
KEPT = frozenset({b"host", b"x-forwarded-proto", b"x-forwarded-for"})


@dataclass(frozen=True, slots=True)
class Made:
    """What Django answered; `entry` if that is a body to keep, `holds` if nothing changed meanwhile.

    `answer` is None for who has to ask Django again.
    """

    answer: Answer | None
    entry: Entry | None
    holds: bool


class Makers:
    def __init__(self, behind: Threads, freshness: Freshness, ready: Ready, answers: Answers) -> None:
        self._behind = behind
        self._freshness = freshness
        self._ready = ready
        self._answers = answers
        self._under_way: dict[str, asyncio.Task[Made]] = {}

    async def make(self, address: Address, asking: "Asking") -> Made | None:
        """Have it made, or wait for whoever has begun; None if what that one got came too late to hold.

        Raises Silent if the database is gone meanwhile.
        """
        under_way = self._under_way.get(address.target)
        if under_way is not None:
            made = await self._patiently(under_way)
            if made.entry is None:
                # An error tells the id of its request, so everybody has to get one of their own.
                return replace(made, answer=None)
            # It was begun before this request came: it is good only if nothing has changed since.
            return made if made.holds else None
        task = asyncio.get_running_loop().create_task(self._made(address, asking))
        self._under_way[address.target] = task
        task.add_done_callback(partial(self._end, address.target))
        return await self._patiently(task)

    def _end(self, target: str, task: "asyncio.Task[Made]") -> None:
        del self._under_way[target]
        if not task.cancelled():
            task.exception()  # Whoever waited has been told; perhaps nobody waits any more.

    async def make_all(self, addresses: Iterable[Address], asking: "Asking") -> None:
        await asyncio.gather(*(self.make(address, asking) for address in addresses))

    def close(self) -> None:
        self._behind.close()

    async def worded(self, address: Address, asking: "Asking") -> Answer:
        """Django's own answer to the whole request; the pattern of others like it."""
        answer = await self._behind.ask(asking.request(address, is_whole=True))
        self._learn(address, answer)
        return answer

    async def _patiently(self, task: "asyncio.Task[Made]") -> Made:
        """The maker's result, as long as the database lives."""
        while True:
            done, _ = await asyncio.wait([task], timeout=PULSE_SECONDS)
            if done:
                return task.result()
            await self._freshness.read()

    async def _made(self, address: Address, asking: "Asking") -> Made:
        """Kept only if a reading that was sent after it was made finds all as it was before."""
        before = self._freshness.latest
        if isinstance(address, WholeList):
            return await self._ordered(address, before)
        answer = await self._behind.ask(asking.request(address, is_whole=False))
        holds = await self._still_holds(before)
        if answer.status != OK:
            if holds:
                self._ready.put_nothing(address, is_certain=answer.status == NOT_FOUND)
            return Made(answer, None, holds)
        self._learn(address, answer)
        entry = self._ready.put(address, answer.body) if holds else Entry(address, answer.body)
        return Made(answer, entry, holds)

    async def _ordered(self, whole: WholeList, before: Reading | None) -> Made:
        """The order of a list; it is not served, so there is no answer to it."""
        ids = await self._behind.run(partial(read_order, whole))
        holds = await self._still_holds(before)
        if holds:
            self._ready.put_order(whole, ids)
        return Made(None, None, holds)

    async def _still_holds(self, before: Reading | None) -> bool:
        await self._freshness.read()
        return before is not None and self._freshness.latest is before

    def _learn(self, address: Address, answer: Answer) -> None:
        variant = variant_of(address.kind, answer)
        if variant is not None:
            self._answers.learn(variant, answer.headers)


class Asking(NamedTuple):
    """Who asks, as far as it matters to what Django answers."""

    scope: Scope
    plain: Plain
    counted: Count | None

    def request(self, address: Address, *, is_whole: bool) -> Request:
        """The request in its one spelling; what asks for another form of the body only if it `is_whole`."""
        headers = [(name, value) for name, value in self.scope["headers"] if name in KEPT]
        if self.plain.request_id:
            headers.append((b"x-request-id", self.plain.request_id))
        headers += raw(self.counted)
        if is_whole and self.plain.encoding:
            headers.append((b"accept-encoding", self.plain.encoding))
        if is_whole and self.plain.if_none_match:
            headers.append((b"if-none-match", self.plain.if_none_match))
        return Request(
            {
                **self.scope,
                "method": "GET",
                "path": address.path,
                "raw_path": address.path.encode(),
                "query_string": address.query.encode(),
                "headers": headers,
                "for_edge": True,
            }
        )


def already_counted(scope: Scope, counted: Count | None) -> Scope:
    """The request, with what was counted: Django must not count it again."""
    return scope if counted is None else {**scope, "headers": [*scope["headers"], *raw(counted)]}
