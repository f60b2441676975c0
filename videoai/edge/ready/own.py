"""Requests that the edge makes itself, for nobody in particular."""

from django.conf import settings

from videoai.edge.ready.making import Asking
from videoai.edge.requests import Plain, Scope
from videoai.limits.windows import Count

# Counted for nobody: Django must not count what no client has asked for.
NOBODY = Count(1, 1)


def own_scope(path: str) -> Scope:
    """A GET of `path` by a host name, and over a scheme, that Django takes."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".") if settings.ALLOWED_HOSTS else "localhost"
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", host.encode()), (b"x-forwarded-proto", b"https")],
        "scheme": "http",
        "http_version": "1.1",
        "for_edge": True,
    }


def own_asking() -> Asking:
    return Asking(own_scope("/"), Plain(b"", b"", b"", ""), NOBODY)
