"""Histograms of times: how wrong they may be, and that they add up."""

import math
from collections import Counter
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.usage import sketch
from models_registry.usage.models import UsageRollup
from models_registry.usage.sketch_field import Merged, add
from tests.factories import AIModelFactory
from tests.models_registry.usage.generations import NOW

MICROSECOND, SECOND, DAY = 1, 1_000_000, 86_400_000_000
ROUNDING = 1e-9  # of floats
ALLOWED = sketch.ACCURACY + ROUNDING

times = st.integers(MICROSECOND, DAY)
counts_by_bucket = st.dictionaries(
    st.one_of(st.just(sketch.NO_TIME), st.integers(-895, 364)), st.integers(1, 10**11)
)


def in_order(counts: Iterable[tuple[int, int]]) -> dict[int, int]:
    return dict(sorted(counts))


def told(microseconds: int) -> float:
    return sketch.middle_of(sketch.bucket_of(microseconds))


def nearest_rank(ordered: list[int], share: float) -> int:
    return ordered[max(1, math.ceil(round(share * len(ordered), 9))) - 1]


# --- One time --------------------------------------------------------------------------------------------


def test_it_is_accurate_to_one_percent():
    assert sketch.ACCURACY == 0.01


@given(times)
def test_a_time_is_told_with_an_error_of_one_percent_at_most(microseconds):
    assert abs(told(microseconds) - microseconds) <= ALLOWED * microseconds


def test_so_it_is_from_a_microsecond_to_a_day():
    exponents = range(11 * 60)
    ladder = [min(DAY, round(10 ** (exponent / 60))) for exponent in exponents] + [sketch.MINUTE, DAY]

    assert max(abs(told(one) - one) / one for one in ladder) <= ALLOWED


def test_no_time_at_all_is_told_as_such():
    assert told(0) == 0
    assert sketch.bucket_of(0) < sketch.bucket_of(1)


@given(times, times)
def test_longer_times_stand_in_no_lower_bucket(one, other):
    shorter, longer = sorted((one, other))

    assert sketch.bucket_of(0) < sketch.bucket_of(shorter) <= sketch.bucket_of(longer)


def test_every_bucket_fits_its_column():
    assert sketch.NO_TIME >= -(2**15)
    assert sketch.bucket_of(DAY) < 2**15


# --- Written and read ------------------------------------------------------------------------------------


@given(counts_by_bucket)
def test_what_is_written_reads_the_same(counts):
    assert list(sketch.read(sketch.written(counts)).items()) == sorted(counts.items())


def test_nothing_reads_as_nothing():
    assert sketch.read(sketch.written({})) == sketch.read("0") == sketch.read("0.0") == {}


def test_a_full_bucket_does_not_spill_into_the_next():
    full = {-1: 10**12 - 1, 0: 10**12 - 1, 1: 10**12 - 1}

    assert sketch.read(sketch.written(full)) == full


@given(counts_by_bucket, counts_by_bucket)
def test_adding_the_numbers_merges_the_sketches(one, other):
    merged = sketch.read(add(sketch.written(one), sketch.written(other)))

    assert merged == in_order((Counter(one) + Counter(other)).items())


@pytest.mark.django_db
def test_the_database_merges_them_the_same_way():
    model = AIModelFactory()
    random = Random(4)
    parts = [
        Counter({random.choice([-900, -895, -1, 0, 1, 364]): 10**11, **spread(random)}) for _ in range(9)
    ]
    UsageRollup.objects.bulk_create(rollup(model, n, sketch.written(part)) for n, part in enumerate(parts))

    everything = UsageRollup.objects.aggregate(found=Merged("sketch"))["found"]
    by_quality = (
        UsageRollup.objects.values_list("quality").order_by("quality").annotate(found=Merged("sketch"))
    )

    assert sketch.read(everything) == in_order(sum(parts, Counter()).items())
    assert {quality: sketch.read(found) for quality, found in by_quality} == {
        "even": in_order(sum(parts[::2], Counter()).items()),
        "odd": in_order(sum(parts[1::2], Counter()).items()),
    }
    assert UsageRollup.objects.filter(quality="none").aggregate(found=Merged("sketch"))["found"] is None


def spread(random: Random) -> dict[int, int]:
    return {random.randint(-895, 364): random.randint(1, 10**6) for _ in range(40)}


def rollup(model, duration: int, written: str) -> UsageRollup:
    sums = dict.fromkeys(
        (
            "generations", "successes", "microseconds", "success_microseconds", "queued",
            "queue_microseconds", "costed", "cost_nanodollars", "credited", "credits",
        ),
        0,
    )  # fmt: skip
    quality = "odd" if duration % 2 else "even"
    return UsageRollup(
        model=model, grain="hour", start=NOW, quality=quality, duration=duration, sketch=written, **sums
    )


# --- Percentiles -----------------------------------------------------------------------------------------


def lognormal(random: Random) -> float:
    return random.lognormvariate(math.log(40), 0.7)


def bimodal(random: Random) -> float:
    """Most clips are short, some are long."""
    return random.gauss(12, 2) if random.random() < 0.8 else random.gauss(240, 30)


def pareto(random: Random) -> float:
    return 5 * random.paretovariate(1.1)


def constant(random: Random) -> float:
    return 31.4


def tiny(random: Random) -> float:
    """Down to zero, where a log has no bucket."""
    return random.choice([0, 1e-6, 2e-6, 5e-4])


@pytest.mark.parametrize("distribution", [lognormal, bimodal, pareto, constant, tiny])
@pytest.mark.parametrize("number", [1, 2, 99, 20_000])
def test_percentiles_are_those_of_the_exact_ones_within_one_percent(distribution, number):
    random = Random(number)
    ordered = sorted(min(DAY, max(0, round(distribution(random) * SECOND))) for _ in range(number))
    shares = [0.01, 0.5, 0.9, 0.95, 0.99, 1.0]

    found = sketch.percentiles(sketch.read(sketch.written(Counter(map(sketch.bucket_of, ordered)))), shares)

    for share, percentile in zip(shares, found, strict=True):
        exact = nearest_rank(ordered, share)
        assert percentile is not None
        assert abs(percentile - exact) <= ALLOWED * exact, share


def test_of_none_there_is_no_percentile():
    assert sketch.percentiles({}, [0.5, 0.99]) == [None, None]


@pytest.mark.parametrize("percent", range(1, 101))
def test_the_rank_is_not_pushed_up_by_a_float(percent):
    """0.07 × 100 is 7.000000000000001."""
    one_each = dict.fromkeys(range(1, 101), 1)

    assert sketch.percentiles(one_each, [percent / 100]) == [sketch.middle_of(percent)]
