"""A request is told of once: by the thread that answers it or, if nobody waits for that, by the edge."""

from threading import Lock

# In what ASGI and WSGI tell of a request.
ONCE = "videoai.once"
# The status of what nobody waited for any more, as nginx has it.
CLIENT_GONE = 499


class Once:
    """For one request. `is_in_vain`: its client hung up before the answer began."""

    __slots__ = ("_lock", "is_in_vain")

    def __init__(self) -> None:
        self._lock = Lock()
        self.is_in_vain = False

    def take(self) -> bool:
        """True for the first who asks, from any thread: that one tells."""
        return self._lock.acquire(blocking=False)
