"""What Django answers: one line and a few numbers a request."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse

from videoai.access.occasions import ANONYMOUS
from videoai.api.problem import taken_failure
from videoai.api.request_id import current_request_id
from videoai.observing.access import NOBODY, Access
from videoai.observing.for_edge import is_for_edge
from videoai.observing.metrics import count, tallies
from videoai.observing.once import CLIENT_GONE, ONCE, Once
from videoai.observing.queries import asked, serving
from videoai.observing.routes import method_of, route_of
from videoai.observing.telling import is_told, tell

logger = logging.getLogger(__name__)

SERVER_ERROR = 500
# When the edge had the request, by `perf_counter`.
BEGAN = "videoai.began"


class ObservingMiddleware:
    """Inside of the request's id, and around everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_for_edge(request):
            return self._made_for_edge(request)
        under_way = _UnderWay(request)
        response = self._answered(request)
        if response.streaming:
            response.streaming_content = _Pieces(response.streaming_content, under_way, response)
        else:
            under_way.end(response, len(response.content))
        return response  # type: ignore[no-any-return]

    def _made_for_edge(self, request: HttpRequest) -> HttpResponse:
        serving(lambda: route_of(request.resolver_match, request.path_info))
        try:
            return self._answered(request)  # type: ignore[no-any-return]
        finally:
            serving(None)  # the thread goes on with other things, and holds the request no longer

    def _answered(self, request: HttpRequest) -> Any:
        """The answer. If the database is why there is no good one, that is told here, once a request."""
        response = self.get_response(request)
        failure = taken_failure(request)
        if failure and response.status_code >= SERVER_ERROR:  # a replica's may be made good
            logger.error("A request was given up, because the database failed it: %s.", failure)
        return response


class _UnderWay:
    """A request from its beginning to the last byte of its answer."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._began = request.META.get(BEGAN) or time.perf_counter()
        self._once: Once | None = request.META.get(ONCE)
        self._asked = asked()
        self._request_id = current_request_id()
        # Read when the slow statement is told: the address is resolved by then.
        serving(self.route)

    def route(self) -> str:
        return route_of(self._request.resolver_match, self._request.path_info)

    def _status(self, response: Any) -> int:
        is_in_vain = self._once is not None and self._once.is_in_vain
        return CLIENT_GONE if is_in_vain else int(response.status_code)

    def end(self, response: Any, size: int) -> None:
        serving(None)
        request, seconds = self._request, time.perf_counter() - self._began
        # What was recorded stands, whoever was told of it.
        _count_recordings(request, response)
        if self._once is not None and not self._once.take():
            logger.debug("Abandoned: the client was told something else before %d.", response.status_code)
            return
        size = 0 if request.method == "HEAD" else size
        route, method, status = self.route(), method_of(request.method), self._status(response)
        count("videoai_http_requests_total", route, method, str(status), "django")
        count("videoai_http_response_bytes_total", "django", by=size)
        tallies.observe(route, [seconds])
        if is_told():
            actor, queries = actor_name(request), asked() - self._asked
            tell(Access(route, method, status, seconds, self._request_id, actor, queries, size))


class _Pieces:
    """A body that comes in pieces; the response closes it when the last one was taken, or nobody is left."""

    def __init__(self, pieces: Any, under_way: "_UnderWay", response: Any) -> None:
        self._pieces, self._under_way, self._response = pieces, under_way, response
        self._size, self._is_over = 0, False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._size += len(piece)
            yield piece

    def close(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._under_way.end(self._response, self._size)


def actor_name(request: HttpRequest) -> str:
    """Who it was, if anybody has asked: to look it up now would cost a query."""
    actor = getattr(request, "audit_actor", None)
    if actor is not None:
        return NOBODY if actor == ANONYMOUS else str(actor.name)
    user = getattr(request, "_cached_user", None)
    return str(user.get_username()) if user is not None and user.is_authenticated else NOBODY


def _count_recordings(request: HttpRequest, response: Any) -> None:
    """Told by the answers, so that the room that records need not know who counts."""
    name = request.resolver_match.url_name if request.resolver_match else None
    if request.method != "POST" or name not in {"model-generations", "generations-batch"}:
        return
    told = getattr(response, "data", None) or {}
    if name == "generations-batch" and response.status_code == 200:
        for result, number in (
            ("new", told.get("recorded", 0)),
            ("duplicate", told.get("duplicates", 0)),
            ("refused", len(told.get("rejected", ()))),
        ):
            count("videoai_recordings_total", result, by=number)
    else:
        count_recording(response.status_code)


def count_recording(status: int, *, by: int = 1) -> None:
    """Of one generation, by what its sender was told; what is only put off is not counted."""
    result = {201: "new", 200: "duplicate"}.get(status) or ("refused" if status < 500 else None)
    if result is not None:
        count("videoai_recordings_total", result, by=by)
