"""Requests that the edge makes itself, and tells of itself: no client can pass for one.

Within a process it says so beside the request; to another one, in a header that only we can write.
"""

from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

# In what ASGI and WSGI tell of a request.
FOR_EDGE = "videoai.for_edge"
HEADER = "X-VideoAI-For-Edge"


def is_for_edge(request: HttpRequest) -> bool:
    if request.META.get(FOR_EDGE):
        return True
    sent = request.headers.get(HEADER)
    return sent is not None and constant_time_compare(sent, seal())


def seal() -> str:
    """The header's value, known to our own processes alone, which share the key."""
    return _seal(settings.SECRET_KEY)


@lru_cache(maxsize=1)
def _seal(key: str) -> str:
    return salted_hmac("videoai.observing.for_edge", "made by us", secret=key, algorithm="sha256").hexdigest()
