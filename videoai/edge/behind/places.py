"""Where Django answers, if not in the edge's own process.

The settings read this: nothing of Django in here.
"""

from typing import NamedTuple
from urllib.parse import urlsplit


class Place(NamedTuple):
    """A host and port or, if `socket` is named, a Unix socket."""

    host: str
    port: int = 0
    socket: str = ""

    def __str__(self) -> str:
        return f"unix:{self.socket}" if self.socket else f"http://{self.host}:{self.port}"


def parse_places(text: str) -> list[Place]:
    """Places by commas. Raises ValueError, with the way out."""
    try:
        return [parse_place(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise ValueError(f"{error} List http://127.0.0.1:8001 or unix:/run/x.sock, by commas.") from None


def parse_place(text: str) -> Place:
    """`http://127.0.0.1:8001` or `unix:/run/videoai.sock` as a place. Raises ValueError for anything else."""
    scheme, _, path = text.partition(":")
    if scheme == "unix" and path.startswith("/") and not path.startswith("//"):
        return Place("localhost", socket=path)
    parts = urlsplit(text)
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username)
    if parts.scheme != "http" or not parts.hostname or not parts.port or any(rest):
        raise ValueError(f"{text} is no place to ask.")
    return Place(parts.hostname, parts.port)
