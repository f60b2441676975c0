"""Problems that the edge tells itself, because Django can't be asked."""

import json

from videoai.api.problem import MEDIA_TYPE, PROBLEMS, problem
from videoai.edge.ready.answers import LENGTH, REQUEST_ID, Answer, request_id_for
from videoai.edge.requests import Headers, Scope

# Of Django's headers, those that belong to one answer alone.
NOT_KEPT = frozenset(
    {b"content-type", LENGTH, REQUEST_ID, b"allow", b"ratelimit", b"ratelimit-policy", b"retry-after"}
)


class Problems:
    """In the pattern of a problem of Django's, so that browsers are told the same of each."""

    def __init__(self) -> None:
        self.headers: Headers = []  # what browsers are told with every answer

    def learn(self, headers: Headers) -> None:
        """Take the headers of an error of Django's for a pattern."""
        self.headers = [(name, value) for name, value in headers if name not in NOT_KEPT]

    def answer(
        self,
        code: str,
        detail: str,
        scope: Scope,
        *,
        retry_after: int | None = 1,
        limit: Headers | None = None,
    ) -> Answer:
        """The problem, as an answer to that request; `limit` tells what was counted for it."""
        request_id = request_id_for(dict(scope["headers"]).get(REQUEST_ID, b""))
        told = {**problem(code, detail), "request_id": request_id.decode("latin-1")}
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            *([] if retry_after is None else [(b"retry-after", str(retry_after).encode())]),
            (LENGTH, str(len(body)).encode()),
            *(limit or []),
            *self.headers,
            (REQUEST_ID, request_id),
        ]
        return Answer(PROBLEMS[code][0], headers, b"" if scope["method"] == "HEAD" else body)
