"""What the edge answers, noted in passing and told in bulk.

A request pays for one small tuple; counting and wording are done for all that were answered in some
milliseconds together.
"""

import asyncio
import logging
import time
from collections import defaultdict

from videoai.edge.ready.addresses import PREFIX, Kind
from videoai.edge.ready.answers import REQUEST_ID, Answer
from videoai.edge.requests import Headers, Scope
from videoai.observing.access import NOBODY, Access, Line
from videoai.observing.lines import moment
from videoai.observing.metrics import count, tallies
from videoai.observing.requests import count_recording
from videoai.observing.routes import find_route, method_of
from videoai.observing.sink import sink
from videoai.observing.telling import is_all_told, lines

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.02
EDGE = "edge"
# Reads have kinds of their own.
RECORDING = "recording"
# Addresses of each kind, of which only the pattern matters.
EXAMPLES: dict[Kind | str, str] = {
    RECORDING: "models/-/generations/",
    Kind.LIST: "models/",
    Kind.PREMIUM: "models/premium/",
    Kind.DEFAULT: "models/default/",
    Kind.DETAIL: "models/-/",
    Kind.VALIDATE: "models/-/validate/",
    Kind.QUOTE: "pricing/quote/",
    Kind.MATRIX: "pricing/matrix/",
    Kind.COMPARE: "pricing/compare/",
}

# What was asked for, the method, the answer, seconds, who asked, and whether the answer was ready.
Note = tuple[Kind | str, str, Answer, float, str, bool]


class Noting:
    """`notes` is filled by whoever answers; who fills an empty one calls `wake` first."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._lines = lines() if is_all_told() else None
        self._routes: dict[Kind | str, str] = {}
        self._places: dict[Kind | str, int] = {}

    def wake(self) -> None:
        asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Count all that was noted, and tell it."""
        notes, self.notes = self.notes, []
        try:
            self._count(notes)
            if self._lines is not None and notes:
                sink.write(self._told(notes, self._lines.line))
        except Exception:
            # Nobody is kept from an answer, nor are those that come.
            logger.exception("%d answers could not be counted.", len(notes))

    def note(self, scope: Scope, answer: Answer, *, began: float, actor: str = NOBODY) -> None:
        """Of what is rare, or costs so much anyway that this does not matter."""
        route, seconds = find_route(scope["path"]), time.perf_counter() - began
        method, size = method_of(scope["method"]), len(answer.body)
        tallies.observe(route, [seconds])
        self._tell(Access(route, method, answer.status, seconds, id_of(answer.headers), actor, 0, size, EDGE))

    def note_recording(self, scope: Scope, answer: Answer, actor: str, began: float) -> None:
        if not self.notes:
            self.wake()
        self.notes.append((RECORDING, scope["method"], answer, time.perf_counter() - began, actor, False))

    def note_stream(self, scope: Scope, status: int, headers: Headers, *, began: float) -> None:
        """At its end, which may be days later; so long it did not take to be answered."""
        route, seconds = find_route(scope["path"]), time.perf_counter() - began
        self._tell(Access(route, scope["method"], status, seconds, id_of(headers), NOBODY, 0, None, EDGE))

    # --- In bulk -----------------------------------------------------------------------------------------

    def _count(self, notes: list[Note]) -> None:
        groups: defaultdict[tuple[Kind | str, str, int], list[float]] = defaultdict(list)
        size = reads = hits = 0
        for kind, method, answer, seconds, _, was_ready in notes:
            groups[kind, method, answer.status].append(seconds)
            hits += was_ready
            if method != "HEAD":
                size += len(answer.body)
        for (kind, method, status), times in groups.items():
            route = self._route(kind)
            count("videoai_http_requests_total", route, method, str(status), EDGE, by=len(times))
            tallies.observe(route, times)
            if kind == RECORDING:
                count_recording(status, by=len(times))
            else:
                reads += len(times)
        count("videoai_http_response_bytes_total", EDGE, by=size)
        count("videoai_edge_requests_total", "hit", by=hits)
        count("videoai_edge_requests_total", "miss", by=reads - hits)

    def _told(self, notes: list[Note], line: Line) -> str:
        at = moment(time.time())
        return "".join([line(self._access(note), at) for note in notes])

    def _access(self, note: Note) -> Access:
        kind, method, answer, seconds, actor, _ = note
        request_id, size = self._request_id(kind, answer.headers), len(answer.body)
        size = 0 if method == "HEAD" else size
        return Access(self._route(kind), method, answer.status, seconds, request_id, actor, 0, size, EDGE)

    def _request_id(self, kind: Kind | str, headers: Headers) -> str:
        """It stands nearly always where it stood in the last answer of the kind."""
        place = self._places.get(kind, 0)
        if place < len(headers) and headers[place][0] == REQUEST_ID:
            return headers[place][1].decode("latin-1")
        names = [name for name, _ in headers]
        if REQUEST_ID in names:
            self._places[kind] = names.index(REQUEST_ID)
        return id_of(headers)

    def _route(self, kind: Kind | str) -> str:
        route = self._routes.get(kind)
        if route is None:
            route = self._routes[kind] = find_route(f"{PREFIX}{EXAMPLES[kind]}")
        return route

    def _tell(self, access: Access) -> None:
        count("videoai_http_requests_total", access.route, access.method, str(access.status), EDGE)
        count("videoai_http_response_bytes_total", EDGE, by=access.size or 0)
        if self._lines is not None:
            sink.write(self._lines.told(access, at=time.time()))


def id_of(headers: Headers) -> str:
    return dict(headers).get(REQUEST_ID, b"-").decode("latin-1")
