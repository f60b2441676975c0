"""How many in how much time, and where that is counted. The settings read this: nothing of Django in here."""

import re
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3_600, "hour": 3_600, "d": 86_400, "day": 86_400}
SHAPE = re.compile(rf"([1-9][0-9]{{0,8}})/({'|'.join(SECONDS)})")
OFF = "off"

SCHEMES = ("redis", "rediss", "unix")
PRINTABLE = re.compile("[!-~]+")
DATABASE = re.compile(r"/?[0-9]{0,5}")
# A request waits this long, and no longer, for a Redis that does not answer.
PATIENCE_SECONDS = 0.2
# A caller takes one of about 260 bytes; above that many, those make room that have ended or began first.
MOST_ENTRIES = 50_000


class Rate(NamedTuple):
    limit: int
    seconds: int


def parse_rate(text: str) -> Rate | None:
    """`600/min` as a rate, `off` as None. Raises ValueError for anything else."""
    if text == OFF:
        return None
    found = SHAPE.fullmatch(text)
    if not found:
        raise ValueError(f"is neither a rate such as 600/min (per {', '.join(SECONDS)}) nor {OFF}.")
    return Rate(int(found[1]), SECONDS[found[2]])


def in_process(name: str) -> dict[str, Any]:
    """Django's settings for a cache in the memory of each process."""
    return {
        "BACKEND": "videoai.limits.caches.OwnCache",
        "LOCATION": name,
        "OPTIONS": {"MAX_ENTRIES": MOST_ENTRIES},
    }


def shared(url: str) -> dict[str, Any]:
    """Django's settings for the Redis at `url`.

    Raises ValueError if that is no address of one; the message never quotes it, as it may hold a password.
    """
    if not _is_address(url):
        raise ValueError(
            "is no address of a Redis, such as redis://user:password@host:6379/0, rediss://host:6379/0 or "
            "unix:///run/redis.sock. Leave it empty to count in each process by itself."
        )
    return {
        "BACKEND": "videoai.limits.caches.SharedCache",
        "LOCATION": [url],  # a list: in a text, Django would take a comma or semicolon for the next server's
        "KEY_PREFIX": "videoai",
        "OPTIONS": {
            "socket_timeout": PATIENCE_SECONDS,
            "socket_connect_timeout": PATIENCE_SECONDS,
        },
    }


def _is_address(url: str) -> bool:
    if not PRINTABLE.fullmatch(
        url
    ):  # what follows would drop other characters, and the client stumble on them
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in SCHEMES and not parts.query and not parts.fragment and _is_place(parts)
    except ValueError:
        return False


def _is_place(parts: SplitResult) -> bool:
    """Raises ValueError for a port or a host name that can't be."""
    if parts.scheme == "unix":
        return parts.path.strip("/") != ""
    _ = parts.port, (parts.hostname or "").encode("idna")
    return bool(parts.hostname and DATABASE.fullmatch(parts.path))
