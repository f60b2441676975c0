"""Entity tags, and writes that insist on what their client has seen (RFC 9110, 8.8.3 and 13.1.1)."""

import hashlib

from rest_framework.request import Request


def entity_tag(content: bytes) -> str:
    """The strong tag of a body."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def packed_tag(tag: str) -> str:
    """The tag of the same body in gzip: other bytes, so another strong tag."""
    return f'{tag[:-1]}-gzip"'


def insists_on_state(request: Request) -> bool:
    """`If-Match: *` asks for no more than that the thing exists."""
    return request.headers.get("If-Match", "*").strip() != "*"


def names(request: Request, tag: str) -> bool:
    """Is `tag` one of those in `If-Match`? Strong comparison: weak tags and garbage are none.

    Who read the body in gzip knows it by that tag.
    """
    sent = {one.strip() for one in request.headers["If-Match"].split(",")}
    return not sent.isdisjoint({tag, packed_tag(tag)})
