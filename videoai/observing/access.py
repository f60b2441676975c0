"""One line a request."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from videoai.observing.lines import JSON, escaped, moment

ALL, DJANGO, OFF = "all", "django", "off"
CHOICES = (ALL, DJANGO, OFF)
LOGGER = "videoai.access"
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Access:
    """A request that was answered. `size` is None for what was sent in pieces that nobody counted."""

    route: str
    method: str
    status: int
    seconds: float
    request_id: str
    actor: str = ANONYMOUS
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
    size = "null" if one.size is None else one.size
    return (
        f'{{"time":"{at}","level":"INFO","logger":"{LOGGER}","route":{_quoted(one.route)},'
        f'"method":{_quoted(one.method)},"status":{one.status},"milliseconds":{one.seconds * 1_000:.3f},'
        f'"request_id":{_quoted_once(one.request_id)},"actor":{_quoted(one.actor)},"queries":{one.queries},'
        f'"bytes":{size},"answered_by":"{one.answered_by}"}}\n'
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


def _quoted_once(text: str) -> str:
    """Of ids that come once: nearly all are plain."""
    return f'"{text}"' if text.isalnum() and text.isascii() else json.dumps(text)
