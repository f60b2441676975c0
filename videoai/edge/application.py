"""The ASGI application: what is ready is answered here, streams are held, the rest is handed over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import perf_counter as clock

from videoai.api.problem import DATABASE_SILENT, SERVER_ERROR
from videoai.edge.behind.errors import ClientGone, Unavailable
from videoai.edge.behind.threads import Request, Threads, bodies, send_answer
from videoai.edge.counting import Counting
from videoai.edge.freshness.reading import Freshness, Silent
from videoai.edge.noting import Noting, id_of
from videoai.edge.problems import Problems
from videoai.edge.ready.addresses import PREFIX, Address, Addresses
from videoai.edge.ready.answers import REQUEST_ID, Answer, Answers, request_id_for
from videoai.edge.ready.catalogue import Ready
from videoai.edge.ready.making import Asking, Makers, already_counted
from videoai.edge.ready.own import own_scope
from videoai.edge.ready.shelf import Entry
from videoai.edge.ready.warming import Warming
from videoai.edge.recording.arrivals import is_recording
from videoai.edge.recording.group_commit import GroupCommit
from videoai.edge.requests import Plain, Receive, Requests, Scope, Send, Sending
from videoai.edge.streams.admission import PATHS as LIVE
from videoai.edge.streams.admission import Live
from videoai.edge.streams.ending import on_end
from videoai.limits.windows import Count
from videoai.observing.access import NOBODY
from videoai.observing.metrics import tallies
from videoai.observing.once import CLIENT_GONE, ONCE, Once
from videoai.observing.sink import sink
from videoai.readiness import ending

logger = logging.getLogger(__name__)

# So often a request looks for what others may have made; then Django answers it by itself.
TRIES = 6
# A start waits so long for a Django in other processes.
LEARNING_SECONDS = 2.0
# Answered though all threads wait for the database.
ALIVE = frozenset({"/healthz", "/healthz/"})
METRICS = frozenset({"/metrics", "/metrics/"})
# Answered though all threads that write wait for a lock: that is no reason to be sent no reads.
READY = frozenset({"/readyz", "/readyz/"})
# With one of these the database has to be asked who it is.
CREDENTIALS = frozenset({b"authorization", b"cookie"})
READING = frozenset({"GET", "HEAD"})
NO_ANSWER = (Silent, Unavailable, ClientGone)
Answering = Callable[[Scope, Receive, Send], Awaitable[None]]


class Edge:
    """In front of what is `behind`."""

    def __init__(
        self, *, freshness: Freshness, behind: Threads, makers: Threads, alive: Threads, cache_bytes: int
    ) -> None:
        self._freshness = freshness
        self._behind = behind
        self._alive = alive
        self._reading = makers
        self._ready = Ready(most_bytes=cache_bytes)
        self._answers = Answers()
        self._makers = Makers(makers, freshness, self._ready, self._answers)
        self._requests = Requests()
        self._addresses = Addresses()
        self._counting = Counting()
        self._problems = Problems()
        self._noting = Noting()
        self._recordings = GroupCommit(freshness.read, note=self._noting.note_recording)
        freshness.listen(self._ready.change)
        self._warming = Warming(self._makers, self._ready, freshness)
        tallies.sample(("videoai_edge_cache_bytes",), lambda: self._ready.shelf.bytes)
        tallies.sample(("videoai_edge_cache_entries",), lambda: len(self._ready.shelf))
        self._live = Live(
            freshness,
            behind,
            requests=self._requests,
            counting=self._counting,
            problems=self._problems,
            noting=self._noting,
        )

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """The way of most requests is one coroutine and no more, because each costs all of them."""
        try:
            if scope["type"] == "http" and scope["method"] in READING:
                address = self._addresses.find(scope["path"], scope["query_string"])
                plain = None if address is None else self._requests.plain(scope)
                if address is not None and plain is not None:
                    return self._read(scope, address, plain, receive, send)
        except Exception:
            # As in `_read`.
            logger.exception("A request could not be read.")
        return self._other(scope, receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._excused(self._hand_over, scope, receive, send)

    async def _excused(self, answering: Answering, scope: Scope, receive: Receive, send: Send) -> None:
        """Have it answered; tell why it is not."""
        began, sending = clock(), Sending(send)
        scope[ONCE] = Once()
        try:
            await answering(scope, receive, sending)
        except NO_ANSWER as error:
            await self._excuse(error, scope, send, began)
        except Exception:
            if sending.has_begun:
                raise  # half an answer must not look like a whole one
            await self._fail(scope, send, began)

    async def _excuse(self, error: Exception, scope: Scope, send: Send, began: float) -> None:
        if isinstance(error, ClientGone):
            self._noting.note(scope, nobodys_answer(scope), began=began)  # there is nobody to be told
            return
        detail = DATABASE_SILENT if isinstance(error, Silent) else str(error)
        await self._refuse(self._problems.answer("unavailable", detail, scope), scope, send, began)

    async def _fail(self, scope: Scope, send: Send, began: float) -> None:
        """Of what nobody has foreseen, while it is handled."""
        answer = self._problems.answer("server_error", SERVER_ERROR, scope, retry_after=None)
        logger.exception("The edge failed.", extra={"facts": {"request_id": id_of(answer.headers)}})
        await self._refuse(answer, scope, send, began)

    async def _refuse(self, answer: Answer, scope: Scope, send: Send, began: float) -> None:
        once = scope.get(ONCE)
        if once is None or once.take():
            self._noting.note(scope, answer, began=began)
        await send_answer(answer, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """The lifespan of the process, as the server tells it."""
        await receive()
        learning = asyncio.get_running_loop().create_task(self._learn_problems())
        await asyncio.wait([learning], timeout=LEARNING_SECONDS)
        self._warming.start()
        on_end(self._begin_to_end)
        with suppress(Silent):
            await self._freshness.read()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        learning.cancel()
        self._warming.close()
        self._freshness.close()
        for part in (self._recordings, self._behind, self._alive, self._makers, self._counting):
            part.close()
        self._noting.flush()
        sink.flush()
        await send({"type": "lifespan.shutdown.complete"})

    def _begin_to_end(self) -> None:
        ending.set()
        self._live.end()

    async def _learn_problems(self) -> None:
        """Ask Django for an address that there is not, which takes no database; until it is there."""
        while True:
            with suppress(Unavailable):
                nowhere = await self._behind.ask(Request(own_scope(f"{PREFIX}-/")))
                self._problems.learn(nowhere.headers)
                return
            await asyncio.sleep(1)

    async def _hand_over(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To whoever answers what is not ready."""
        if scope["method"] == "POST" and is_recording(scope["path"]):
            async with bodies.read(scope, receive) as body:
                await self._record(Request(scope, body, clock()), receive, send)
        elif scope["path"] in LIVE:
            await self._live.answer(scope, receive, send)
        else:
            await self._threads(scope).hand_over(scope, receive, send)

    def _threads(self, scope: Scope) -> Threads:
        if is_answered_anyway(scope):
            return self._alive
        return self._reading if scope["path"] in READY else self._behind

    async def _record(self, request: Request, receive: Receive, send: Send) -> None:
        answer = await self._recordings.record(request)
        if isinstance(answer, Answer):
            await send_answer(answer, send)
        else:
            await self._behind.pass_on(answer, receive, send)

    async def _read(self, scope: Scope, address: Address, plain: Plain, receive: Receive, send: Send) -> None:
        """The way of most requests: counted, proven fresh, found, sent; in one function, for its speed."""
        began, counted, answer, was_ready = clock(), None, None, True
        try:
            counting = self._counting.count(plain.address)
            counted = await counting if isinstance(counting, asyncio.Future) else counting
            if not self._counting.is_over(counted):
                await self._freshness.read()
                entry, missing = self._ready.find(address)
                if entry is not None:
                    answer = self._worded(entry, plain, counted)
                if answer is None:
                    was_ready = False
                    answer = await self._made(address, entry, missing, Asking(scope, plain, counted))
        except NO_ANSWER as error:
            await self._excuse(error, scope, send, began)
            return
        except Exception:
            # Whatever is wrong in here, Django can still answer.
            logger.exception("%s could not be answered from what is ready.", address.target)
        if answer is None:
            await self._excused(self._behind.hand_over, already_counted(scope, counted), receive, send)
            return
        noting = self._noting
        if not noting.notes:
            noting.wake()
        noting.notes.append((address.kind, scope["method"], answer, clock() - began, NOBODY, was_ready))
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        body = answer.body if scope["method"] == "GET" else b""
        await send({"type": "http.response.body", "body": body})

    def _worded(self, entry: Entry, plain: Plain, counted: Count | None) -> Answer | None:
        packed = entry.packed
        answer = self._answers.answer(entry, plain, self._counting.left(counted))
        if entry.packed is not packed:
            self._ready.shelf.recount(entry)
        return answer

    async def _made(
        self, address: Address, entry: Entry | None, missing: list[Address], asking: Asking
    ) -> Answer | None:
        """Made for this request, or by others meanwhile; None if it changes faster than it is made."""
        for _ in range(TRIES):
            if entry is not None:
                answer = self._worded(entry, asking.plain, asking.counted)
                return answer or await self._makers.worded(address, asking)
            if missing == [address]:
                made = await self._makers.make(address, asking)
                if made is not None and made.entry is None:
                    return made.answer
                entry = made.entry if made is not None else None
            else:
                await self._makers.make_all(missing, asking)
            if entry is None:
                entry, missing = self._ready.find(address)
        return None


def nobodys_answer(scope: Scope) -> Answer:
    """What is noted of a request whose client hung up before all of it was here."""
    request_id = request_id_for(dict(scope["headers"]).get(REQUEST_ID, b""))
    return Answer(CLIENT_GONE, [(REQUEST_ID, request_id)], b"")


def is_answered_anyway(scope: Scope) -> bool:
    """Also while every thread waits for the database."""
    if scope["path"] in METRICS:
        return not any(name in CREDENTIALS for name, _ in scope["headers"])
    return scope["path"] in ALIVE
