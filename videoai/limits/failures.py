"""The limit of failures: bad tokens, and how many refused writes are written down."""

from django.conf import settings

from videoai.limits.callers import neighbourhood
from videoai.limits.counting import count as count_one
from videoai.limits.throttling import TooMany


def count(address: str) -> None:
    """Count one more token from `address` that was not accepted.

    Raises TooMany, which answers 429 in place of 401, for every one above RATE_LIMIT_FAILURE. Ask before
    the failure is written down: nobody can fill the trail then. Good tokens are never counted, so they go on.
    """
    rate = settings.RATE_LIMIT_FAILURE
    if rate is None:
        return
    counted = count_one(f"failure:address:{neighbourhood(address)}", seconds=rate.seconds)
    if counted.number > rate.limit:
        raise TooMany("failure", rate, counted)
