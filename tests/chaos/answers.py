"""One request, its answer, and whether that is one that may be given."""

import http.client
import json
import time
from typing import NamedTuple

from tests.chaos.writes import Write
from tests.server import Server

PROBLEM = "application/problem+json"
PAGE = "text/html"
LONGEST_TOLD = 160  # characters of a body
NO_ANSWER = 0  # in place of a status
ANSWERS_A_CONNECTION = 40
SECONDS_A_CONNECTION = 2.0  # for those who ask so slowly that one process had them for long


class Request(NamedTuple):
    """`kind` is the name under which it is told; `fine` are the statuses of success."""

    kind: str
    method: str
    target: str
    headers: dict[str, str] = {}
    body: bytes | None = None
    fine: tuple[int, ...] = (200,)
    write: Write | None = None
    is_stream: bool = False  # without an end: the first piece is read, then its client goes

    @property
    def is_for_people(self) -> bool:
        return self.target.startswith("/admin/")


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float


class Client:
    """On one connection, which is made anew when it broke, and now and then to meet another process."""

    def __init__(self, server: Server) -> None:
        self._connection = server.connect()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._connection.close()
        self._left, self._until = ANSWERS_A_CONNECTION, time.monotonic() + SECONDS_A_CONNECTION

    def ask(self, request: Request) -> Answer:
        begun = time.monotonic()
        self._left -= 1
        if not self._left or begun > self._until:
            self._begin_anew()
        try:
            self._connection.request(request.method, request.target, request.body, request.headers)
            response = self._connection.getresponse()
            body = response.read1() if request.is_stream else response.read()
            if request.is_stream:
                self.close()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            told = f"{type(error).__name__}: {error}".encode()
            return Answer(NO_ANSWER, http.client.HTTPMessage(), told, time.monotonic() - begun)
        return Answer(response.status, response.headers, body, time.monotonic() - begun)

    def close(self) -> None:
        self._connection.close()


def fault_of(request: Request, answer: Answer, *, is_excused: bool) -> str | None:
    """What is wrong with the answer; a 503 that says so properly is no fault where it `is_excused`."""
    if answer.status in request.fine:
        return None
    wrong = "" if answer.status != 503 else _wrong_refusal(request, answer)
    if answer.status == 503 and is_excused and not wrong:
        return None
    told = answer.body[:LONGEST_TOLD].decode(errors="replace")
    return f"{request.kind}: {request.method} {request.target} {answer.status or 'no answer'} {wrong} {told}"


def _wrong_refusal(request: Request, answer: Answer) -> str:
    """What a 503 lacks. Whose outcome is unknown should be looked for, not sent again soon."""
    is_unknown = b'"outcome_unknown"' in answer.body or (
        request.is_for_people and b"Nobody knows whether it was saved" in answer.body
    )
    if not is_unknown and not answer.headers.get("Retry-After", "").isdigit():
        return "without Retry-After"
    media_type = answer.headers.get_content_type()
    if media_type == PROBLEM:
        return _wrong_problem(answer)
    return "" if request.is_for_people and media_type == PAGE else f"as {media_type}"


def _wrong_problem(answer: Answer) -> str:
    try:
        problem = json.loads(answer.body)
    except ValueError:
        return "with a body that is not JSON"
    missing = {"type", "title", "status", "detail", "code", "request_id"} - set(problem)
    if missing:
        return f"without {', '.join(sorted(missing))}"
    return "" if problem["status"] == 503 else f"that says {problem['status']}"
