"""One line a request."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from videoai.observing.lines import JSON, escaped, moment

ALL, DJANGO, OFF = "all", "django", "off"
CHOICES = (ALL, DJANGO, OFF)
LOGGER = "videoai.access"
# No user can have this name, and a token's is followed by its prefix.
NOBODY = "(nobody)"


class Access(NamedTuple):
    """A request that was answered. `size` is None for what was sent in pieces that nobody counted.

    `method` is a known one or `other`; `request_id` is well formed, so neither need be escaped.
    """

    route: str
    method: str
    status: int
    seconds: float
    request_id: str
    actor: str = NOBODY
    queries: int = 0
    size: int | None = 0
    answered_by: str = "django"


Line = Callable[[Access, str], str]  # what happened, and when


class AccessLines:
    """Makes lines, as JSON or as text."""

    def __init__(self, log_format: str) -> None:
        self.line: Line = _as_json if log_format == JSON else _as_text

    def told(self, access: Access, *, at: float) -> str:
        """`line`, and `at` as seconds."""
        return self.line(access, moment(at))


def _as_json(one: Access, at: str) -> str:
    """Put together by hand: it costs a tenth of what `json.dumps` does, thousands of times a second."""
    route, method, status, seconds, request_id, actor, queries, size, by = one
    return (
        f'{{"time":"{at}","level":"INFO","logger":"{LOGGER}","route":{_quoted(route)},'
        f'"method":"{method}","status":{status},"milliseconds":{seconds * 1_000:.3f},'
        f'"request_id":"{request_id}","actor":{_quoted(actor)},"queries":{queries},'
        f'"bytes":{"null" if size is None else size},"answered_by":"{by}"}}\n'
    )


def _as_text(one: Access, at: str) -> str:
    size = "in pieces" if one.size is None else f"{one.size} bytes"
    line = (
        f"{at} INFO {LOGGER} [{one.request_id}] {one.method} {one.route} {one.status}"
        f" {one.seconds * 1_000:.1f} ms, {one.actor}, {one.queries} queries, {size}, {one.answered_by}"
    )
    return f"{escaped(line)}\n"


@lru_cache(maxsize=1_000)
def _quoted(text: str) -> str:
    return json.dumps(text)
