"""Limits of reads and writes, as Django REST framework's throttle."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from videoai.limits.callers import caller_of
from videoai.limits.counted import count_of
from videoai.limits.counting import count
from videoai.limits.rates import Rate
from videoai.limits.windows import Count

COUNTED = "_counted"  # what is left on a request


class Limits(BaseThrottle):
    """Reads and writes are counted apart, for each credential or, without one, each address.

    DRF's own throttles read, add and write back, so that requests at the same moment go uncounted.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        kind, rate = _limit_of(request)
        if rate is None:
            return True
        counted = _counted(request._request, kind, rate)
        view.headers.update(headers(kind, rate, counted))
        if counted.number > rate.limit:
            raise TooMany(kind, rate, counted)
        return True


def _counted(request: HttpRequest, kind: str, rate: Rate) -> Count:
    """Once a request, which may be answered anew: by the primary, or when the database failed it."""
    counted: Count | None = vars(request).get(COUNTED) or count_of(request)
    if counted is None:
        counted = count(f"{kind}:{caller_of(request)}", seconds=rate.seconds)
    setattr(request, COUNTED, counted)
    return counted


def _limit_of(request: Request) -> tuple[str, Rate | None]:
    if request.method in SAFE_METHODS:
        return "read", settings.RATE_LIMIT_READ
    return "write", settings.RATE_LIMIT_WRITE


def headers(kind: str, rate: Rate, counted: Count) -> dict[str, str]:
    """As the IETF's draft of RateLimit header fields has them."""
    return {
        "RateLimit-Policy": f'"{kind}";q={rate.limit};w={rate.seconds}',
        "RateLimit": left(kind, rate, counted),
    }


def left(kind: str, rate: Rate, counted: Count) -> str:
    """How many more are let through, and how many seconds until it is all of them again."""
    return f'"{kind}";r={max(0, rate.limit - counted.number)};t={counted.resets_in}'


class TooMany(Throttled):
    """Answered as 429, with `Retry-After` and with what was counted: reads, writes or failures."""

    def __init__(self, kind: str, rate: Rate, counted: Count) -> None:
        told = f"At most {rate.limit} {kind}s in {rate.seconds} seconds."
        super().__init__(wait=counted.resets_in, detail=told)
        self.headers = headers(kind, rate, counted)
