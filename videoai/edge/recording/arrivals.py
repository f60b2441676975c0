"""Requests to record one generation, as far as they can be judged without the database."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from django.urls import reverse
from rest_framework.exceptions import APIException

from models_registry.validation import MODEL_ID
from videoai.api.parsers import object_in
from videoai.edge.behind.threads import Request
from videoai.edge.ready.answers import request_id_for
from videoai.limits.counted import RAW_HEADER

LONGEST_BODY = 16 * 1024  # bytes; a report has a few hundred
CONTENT_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8"})
ACCEPTED = frozenset({"*/*", "application/*", "application/json"})
NEEDED = frozenset({b"authorization", b"host", b"content-type", b"content-length"})
# What never changes the answer. All other headers of a request are shown to the rehearsal.
WITHOUT_EFFECT = frozenset(
    {
        *(b"authorization", b"content-length", b"content-type", b"x-request-id"),
        *(b"user-agent", b"accept-encoding", b"accept-language", b"connection", b"keep-alive", b"date"),
        *(b"x-forwarded-for", b"x-real-ip", b"forwarded", b"via"),
        *(b"traceparent", b"tracestate", b"baggage"),
    }
)
# What asks for more than to record; the last counts for Django alone.
LEFT_TO_DJANGO = frozenset(
    {
        *(b"cookie", b"x-change-reason", b"transfer-encoding", b"content-encoding", b"expect"),
        RAW_HEADER,
    }
)

Surroundings = tuple[tuple[bytes, bytes], ...]  # headers that may change the answer


@dataclass(frozen=True, slots=True)
class Arrival:
    """A well-formed request; of the token, the model and the report nothing is known yet."""

    authorization: str
    request_id: bytes
    surroundings: Surroundings
    model_id: str
    values: dict[str, Any]


def arrival(request: Request) -> Arrival | None:
    """None for all that is unusual, good or bad: Django knows what to say."""
    scope, body = request.scope, request.body
    model_id = _model_id(scope.get("raw_path") or scope["path"].encode())
    if model_id is None or scope["method"] != "POST" or scope["scheme"] != "http" or scope["query_string"]:
        return None
    headers = dict(scope["headers"])
    if len(headers) < len(scope["headers"]) or not _is_usual(headers, len(body)):
        return None
    try:
        values = object_in(body)
    except APIException:
        return None
    return Arrival(
        authorization=headers[b"authorization"].decode("latin-1"),
        request_id=request_id_for(headers.get(b"x-request-id", b"")),
        surroundings=tuple(sorted((name, headers[name]) for name in headers.keys() - WITHOUT_EFFECT)),
        model_id=model_id,
        values=values,
    )


def is_recording(path: str) -> bool:
    """Could this be the address of a single generation?"""
    return path.endswith(_ends())


@cache
def _ends() -> tuple[str, str]:
    _, after = _around_the_model()
    return after, after.rstrip("/")


def _model_id(path: bytes) -> str | None:
    found = _addresses().fullmatch(path)
    return found[1].decode() if found else None


@cache
def _addresses() -> re.Pattern[bytes]:
    """The addresses of single generations, whose last slash may be missing."""
    before, after = _around_the_model()
    return re.compile(f"{re.escape(before)}({MODEL_ID.pattern}){re.escape(after)}?".encode())


def _around_the_model() -> tuple[str, str]:
    before, after = reverse("model-generations", args=["_"]).split("_")
    return before, after


def _is_usual(headers: dict[bytes, bytes], length: int) -> bool:
    """With a token, a host and a JSON body of the length that was told."""
    return (
        headers.keys() >= NEEDED
        and headers[b"content-type"] in CONTENT_TYPES
        and 0 < length <= LONGEST_BODY
        and headers[b"content-length"] == b"%d" % length
        and LEFT_TO_DJANGO.isdisjoint(headers)
        # Some servers take X_Change_Reason for X-Change-Reason.
        and b"_" not in b"".join(headers)
        and _accepts_json(headers.get(b"accept", b"*/*"))
    )


@lru_cache(maxsize=100)
def _accepts_json(accept: bytes) -> bool:
    """Without preferences, which may ask for another rendering."""
    ranges = {part.strip() for part in accept.decode("latin-1").split(",")}
    return b";" not in accept and not ACCEPTED.isdisjoint(ranges)
