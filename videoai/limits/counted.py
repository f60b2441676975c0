"""A count that was taken before Django saw the request, told in a header that only we can write."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from videoai.limits.windows import Count

HEADER = "X-VideoAI-Counted"
RAW_HEADER = HEADER.lower().encode()  # as ASGI tells names


def sealed(counted: Count) -> str:
    """`counted` as the header's value."""
    return f"{counted.number}:{counted.resets_in}:{_seal()}"


def raw(counted: Count | None) -> list[tuple[bytes, bytes]]:
    """The header as ASGI tells it; none without a count."""
    return [] if counted is None else [(RAW_HEADER, sealed(counted).encode())]


def count_of(request: HttpRequest) -> Count | None:
    """What was counted already; None for what a client made up."""
    number, _, rest = request.headers.get(HEADER, "").partition(":")
    resets_in, _, seal = rest.partition(":")
    if not seal or not constant_time_compare(seal, _seal()):
        return None
    return Count(int(number), int(resets_in))


def _seal() -> str:
    """Known to our own processes alone, which share the key: one layer of ours tells another."""
    return salted_hmac("videoai.limits.counted", settings.SECRET_KEY, algorithm="sha256").hexdigest()
