"""How long generations take, as a histogram that adds up.

The buckets are log-spaced, as in DDSketch (Masson, Rim and Lee, 2019, arXiv:1908.10693): with
γ = (1+α)/(1−α), bucket i holds the times above γ^(i−1) minutes, up to γ^i. Whatever lies in it is told as
2γ^i/(γ+1) minutes, which is wrong by at most α of the true time.

A sketch is written as one decimal number: the count of bucket i stands in the twelve digits at 10^(12i). So
merging two sketches is adding two numbers, which a database that adds exactly does by itself.
"""

import math
from collections.abc import Iterable, Mapping

ACCURACY = 0.01  # α: of the true time
MINUTE = 60_000_000  # microseconds; in the middle of what video takes, so that the numbers stay short
LOG_GAMMA = math.log((1 + ACCURACY) / (1 - ACCURACY))
MIDDLE = 2 / (math.exp(LOG_GAMMA) + 1)
DIGITS = 12  # a bucket counts to a million million
NO_TIME = -900  # the bucket of zero, below that of one microsecond, which is -895
EMPTY = "0"


def bucket_of(microseconds: int) -> int:
    return math.ceil(math.log(microseconds / MINUTE) / LOG_GAMMA) if microseconds else NO_TIME


def middle_of(bucket: int) -> float:
    """The microseconds that a bucket is told as."""
    return 0.0 if bucket == NO_TIME else MINUTE * MIDDLE * math.exp(bucket * LOG_GAMMA)


def written(counts: Mapping[int, int]) -> str:
    """The number that stands for `counts` (bucket → how many), in digits, without exponent."""
    whole = _digits(sorted((b for b in counts if b >= 0), reverse=True), counts, last=0)
    fraction = _digits(sorted((b for b in counts if b < 0), reverse=True), counts, first=-1)
    return f"{whole or EMPTY}.{fraction}" if fraction else whole or EMPTY


def read(text: str) -> dict[int, int]:
    """Bucket → how many, in ascending order."""
    whole, _, fraction = text.partition(".")
    whole = whole.zfill(math.ceil(len(whole) / DIGITS) * DIGITS)
    fraction = fraction.ljust(math.ceil(len(fraction) / DIGITS) * DIGITS, "0")
    lowest = -(len(fraction) // DIGITS)
    digits = whole + fraction
    found = {}
    for bucket, end in enumerate(range(len(digits), 0, -DIGITS), start=lowest):
        count = int(digits[end - DIGITS : end])
        if count:
            found[bucket] = count
    return found


def percentiles(counts: Mapping[int, int], shares: Iterable[float]) -> list[float | None]:
    """For each of `shares`, in ascending order, the microseconds that this share took at most (nearest rank).

    `counts` are in ascending order. None without any.
    """
    total = sum(counts.values())
    if not total:
        return [None for _ in shares]
    found: list[float | None] = []
    ascending = iter(counts.items())
    bucket, passed = next(ascending)
    for share in shares:
        # A product such as 0.07 × 100 comes out a hair above 7, which is no reason to ask for the eighth.
        rank = max(1, math.ceil(share * total - 1e-9))
        while passed < rank:
            bucket, count = next(ascending)
            passed += count
        found.append(middle_of(bucket))
    return found


def _digits(
    descending: list[int], counts: Mapping[int, int], *, first: int | None = None, last: int | None = None
) -> str:
    """The counts of `descending` buckets, twelve digits each, with zeros for those between.

    The text begins at bucket `first` and ends with bucket `last`; else with the buckets that there are.
    """
    if not descending:
        return ""
    parts = []
    expected = descending[0] if first is None else first
    for bucket in descending:
        if bucket != expected:
            parts.append("0" * (DIGITS * (expected - bucket)))
        parts.append(f"{counts[bucket]:0{DIGITS}d}")
        expected = bucket - 1
    if last is not None:
        parts.append("0" * (DIGITS * (expected - last + 1)))
    return "".join(parts)
