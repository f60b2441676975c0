"""Requests to record one generation, as far as they can be judged without the database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from django.urls import reverse
from rest_framework.exceptions import APIException

from models_registry.validation import MODEL_ID
from videoai.api.parsers import object_in
from videoai.api.request_id import request_id_of

Headers = Sequence[tuple[bytes, bytes]]  # names in lower case

LONGEST_BODY = 16 * 1024  # bytes; a report has a few hundred
CONTENT_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8"})
ACCEPTED = frozenset({"*/*", "application/*", "application/json"})
# What never changes the answer. All other headers of a request go to the rehearsal.
WITHOUT_EFFECT = frozenset(
    {
        *(b"authorization", b"content-length", b"content-type", b"x-request-id"),
        *(b"user-agent", b"accept-encoding", b"accept-language", b"connection", b"keep-alive", b"date"),
        *(b"x-forwarded-for", b"x-real-ip", b"forwarded", b"via"),
        *(b"traceparent", b"tracestate", b"baggage"),
    }
)
# What asks for more than to record.
LEFT_TO_DJANGO = frozenset(
    {b"cookie", b"x-change-reason", b"transfer-encoding", b"content-encoding", b"expect"}
)


class Request(Protocol):
    """What is asked of a request, its body read."""

    @property
    def method(self) -> str: ...
    @property
    def raw_path(self) -> bytes:
        """As it was sent, without the query."""

    @property
    def query(self) -> bytes: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def body(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """A well-formed request; of the token, the model and the report nothing is known yet."""

    authorization: str
    request_id: str
    surroundings: tuple[tuple[bytes, bytes], ...]  # the headers that may change the answer
    model_id: str
    values: dict[str, Any]


def arrival(request: Request) -> Arrival | None:
    """None for all that is unusual, good or bad: Django knows what to say."""
    found = _addresses().fullmatch(request.raw_path)
    if found is None or request.method != "POST" or request.query:
        return None
    headers = dict(request.headers)
    if len(headers) < len(request.headers) or not _is_usual(headers, len(request.body)):
        return None
    try:
        values = object_in(request.body)
    except APIException:
        return None
    return Arrival(
        authorization=headers[b"authorization"].decode("latin-1"),
        request_id=request_id_of(headers.get(b"x-request-id", b"").decode("latin-1")),
        surroundings=tuple(sorted(item for item in headers.items() if item[0] not in WITHOUT_EFFECT)),
        model_id=found[1].decode(),
        values=values,
    )


@cache
def _addresses() -> re.Pattern[bytes]:
    """The addresses of single generations, whose last slash may be missing."""
    before, after = reverse("model-generations", args=["_"]).split("_")
    return re.compile(f"{re.escape(before)}({MODEL_ID.pattern}){re.escape(after)}?".encode())


def _is_usual(headers: dict[bytes, bytes], length: int) -> bool:
    """With a token, a host and a JSON body of the length that was told."""
    return (
        b"authorization" in headers
        and b"host" in headers
        and headers.get(b"content-type") in CONTENT_TYPES
        and headers.get(b"content-length") == b"%d" % length
        and 0 < length <= LONGEST_BODY
        and LEFT_TO_DJANGO.isdisjoint(headers)
        # A WSGI server may take X_Change_Reason for X-Change-Reason.
        and not any(b"_" in name for name in headers)
        and _accepts_json(headers.get(b"accept", b"*/*"))
    )


@cache
def _accepts_json(accept: bytes) -> bool:
    """Without preferences, which may ask for another rendering."""
    ranges = {part.strip() for part in accept.decode("latin-1").split(",")}
    return b";" not in accept and not ACCEPTED.isdisjoint(ranges)
