"""The address of the live streams: who is let in, and what the others are told."""

import asyncio
from time import perf_counter
from typing import NamedTuple

from django.conf import settings

from videoai.api.problem import DATABASE_SILENT
from videoai.edge.behind.threads import Threads, send_answer
from videoai.edge.counting import Counting
from videoai.edge.freshness.reading import Freshness, Silent
from videoai.edge.noting import Noting
from videoai.edge.problems import Problems
from videoai.edge.ready.answers import REQUEST_ID, Answer, new_request_id
from videoai.edge.ready.making import already_counted
from videoai.edge.requests import Headers, Plain, Receive, Requests, Scope, Send
from videoai.edge.streams.streams import Streams, TooManyOfAddress, TooManyStreams
from videoai.limits.callers import neighbourhood
from videoai.limits.windows import Count
from videoai.live.events import MEDIA_TYPE
from videoai.observing.metrics import tallies

PATHS = frozenset({"/api/v1/events/", "/api/v1/events"})
ACCEPT, COOKIE, LAST_EVENT_ID = b"accept", b"cookie", b"last-event-id"
ACCEPTED = frozenset({b"", b"*/*", MEDIA_TYPE.encode()})
# A place becomes free when somebody leaves, which may take a while.
RETRY_SECONDS = 10
HEADERS = [
    (b"content-type", f"{MEDIA_TYPE}; charset=utf-8".encode()),
    (b"x-accel-buffering", b"no"),  # a proxy in between would hold events back
]


class Listener(NamedTuple):
    """Who asks for a stream."""

    plain: Plain
    last_event_id: str


class Live:
    """Lets clients in to the streams. What is not plainly a good request for one is for who is `behind`."""

    def __init__(  # noqa: PLR0913 - what it shares with the edge
        self,
        freshness: Freshness,
        behind: Threads,
        *,
        requests: Requests,
        counting: Counting,
        problems: Problems,
        noting: Noting,
    ) -> None:
        self._streams = Streams(
            freshness, most=settings.EDGE_STREAMS, most_of_address=settings.EDGE_STREAMS_PER_ADDRESS
        )
        self._requests = requests
        self._counting = counting
        self._problems = problems
        self._noting = noting
        tallies.sample(("videoai_streams",), lambda: len(self._streams))
        self._behind = behind

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        listener = self._listener(scope)
        if listener is None:
            await self._behind.hand_over(scope, receive, send)
            return
        counted = self._counting.count(listener.plain.address)
        if isinstance(counted, asyncio.Future):
            counted = await counted
        if self._counting.is_over(counted):
            await self._behind.hand_over(already_counted(scope, counted), receive, send)
            return
        # It may be held for days, thousands of times.
        scope["headers"].clear()
        began = perf_counter()
        refusal = await self._held(scope, listener, counted, receive, send)
        if refusal is not None:
            self._noting.note(scope, refusal, began=began)
            await send_answer(refusal, send)

    def end(self) -> None:
        """End every stream; clients come back to whoever is there next."""
        self._streams.end()

    async def _held(
        self, scope: Scope, listener: Listener, counted: Count | None, receive: Receive, send: Send
    ) -> Answer | None:
        """Hold the stream to its end, or say why there is none."""
        plain, began = listener.plain, perf_counter()
        headers = self._headers(plain, counted)
        try:
            await self._streams.serve(
                receive,
                send,
                address=neighbourhood(plain.address),
                last_event_id=listener.last_event_id,
                headers=headers,
            )
        except Silent:
            return self._problems.answer("unavailable", DATABASE_SILENT, scope)
        except TooManyStreams:
            code, told = "too_many_streams", "Ask again in a while, or ask for what you need now and then."
        except TooManyOfAddress:
            code = "throttled"
            told = f"At most {settings.EDGE_STREAMS_PER_ADDRESS} live streams from one address."
        else:
            self._noting.note_stream(scope, 200, headers, began=began)
            return None
        limit = self._counting.headers(counted)
        return self._problems.answer(code, told, scope, retry_after=RETRY_SECONDS, limit=limit)

    def _headers(self, plain: Plain, counted: Count | None) -> Headers:
        request_id = (REQUEST_ID, plain.request_id or new_request_id())
        return [*HEADERS, *self._problems.headers, *self._counting.headers(counted), request_id]

    def _listener(self, scope: Scope) -> Listener | None:
        """None for what Django has to answer. Cookies don't matter: all are told the same."""
        if scope["method"] != "GET" or scope["query_string"]:
            return None
        kept, found = [], {ACCEPT: b"", COOKIE: b"", LAST_EVENT_ID: b""}
        for name, value in scope["headers"]:
            if name in found:
                found[name] = value
            else:
                kept.append((name, value))
        plain = self._requests.plain({**scope, "headers": kept})
        if plain is None or found[ACCEPT] not in ACCEPTED:
            return None
        return Listener(plain, found[LAST_EVENT_ID].decode("latin-1"))
