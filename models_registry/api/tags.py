"""Entity tags, and writes that insist on what their client has seen (RFC 9110, 8.8.3 and 13.1.1)."""

import hashlib

from rest_framework.request import Request


def entity_tag(content: bytes) -> str:
    """The strong tag of a body."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def insists_on_state(request: Request) -> bool:
    """`If-Match: *` asks for no more than that the thing exists."""
    return request.headers.get("If-Match", "*").strip() != "*"


def names(request: Request, tag: str) -> bool:
    """Is `tag` one of those in `If-Match`? Strong comparison: weak tags and garbage are none."""
    return tag in (sent.strip() for sent in request.headers["If-Match"].split(","))
