"""Under which name a request is counted: the pattern of its address, never the address itself.

Who makes addresses up is counted under one name.
"""

import re
from functools import cache

from django.conf import settings
from django.urls import Resolver404, ResolverMatch, resolve

UNKNOWN, STATIC = "unknown", "/static/"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


def route_of(match: ResolverMatch | None, path: str) -> str:
    """The route of a request that was resolved, or that something answered before."""
    if match is not None and match.route is not None:
        return pattern(match.route)
    return STATIC if path.startswith(settings.STATIC_URL) else UNKNOWN


def find_route(path: str) -> str:
    """The route of a path that nobody has resolved yet."""
    for spelling in (path, f"{path}/"):
        try:
            found = route_of(resolve(spelling), spelling)
        except Resolver404:
            continue
        if found != UNKNOWN:
            return found
    return route_of(None, path)


def method_of(name: str | None) -> str:
    """Clients may make up any."""
    return name if name in METHODS else "other"


@cache
def pattern(route: str) -> str:
    """`models/<any_text:model_id>/` as `/models/{model_id}/`; what takes anything is unknown."""
    if "^" in route or "(?P" in route:
        return UNKNOWN
    return "/" + PARAMETER.sub(r"{\1}", route)
