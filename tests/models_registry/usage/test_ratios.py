import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.usage.ratios import NORMAL_95, ratio, wilson


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (200, 3, 66.666667),
        (0, 2, 0.0),
        (0, 0, None),
        (1, 2_000_000, 0.0),  # 0.0000005: half to even
        (3, 2_000_000, 0.000002),
        (10**24 + 1, 10**18, 1_000_000.0),
        (86_400_000_000 * 10_000_001, 1_000_000 * 10_000_001, 86_400.0),
    ],
)
def test_quotients_are_rounded_once_from_the_exact_one(part, whole, expected):
    assert ratio(part, whole) == expected


# R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
@pytest.mark.parametrize(
    ("successes", "number", "low", "high"),
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_intervals_are_those_of_the_literature(successes, number, low, high):
    assert wilson(successes, number) == pytest.approx((low, high), abs=0.005)


@given(st.integers(1, 10**9), st.data())
def test_an_interval_ends_where_the_rate_would_be_just_too_far_off(number, data):
    successes = data.draw(st.integers(0, number))
    found = wilson(successes, number)
    mirrored = wilson(number - successes, number)

    assert found is not None
    assert 0 <= found[0] <= 100 * successes / number + 1e-6
    assert 100 * successes / number - 1e-6 <= found[1] <= 100
    assert mirrored == pytest.approx((100 - found[1], 100 - found[0]), abs=2e-6)
    for end in found:
        rate = end / 100
        reach = NORMAL_95 * (rate * (1 - rate) / number) ** 0.5
        assert abs(successes / number - rate) == pytest.approx(reach, rel=1e-3, abs=2e-8)


def test_nothing_has_no_interval():
    assert wilson(0, 0) is None
