"""A request is told of once: by the thread that answers it or, if nobody waits for that, by the edge."""

from threading import Lock

# In what ASGI and WSGI tell of a request.
ONCE = "videoai.once"


class Once:
    """For one request."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = Lock()

    def take(self) -> bool:
        """True for the first who asks, from any thread: that one tells."""
        return self._lock.acquire(blocking=False)
