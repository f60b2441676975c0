from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import calculator


def amounts(places: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=Decimal(1).scaleb(-places), max_value=most, places=places)


def price(cost: str, multiplier: str, duration: int) -> calculator.Price:
    return calculator.price(
        cost_per_second=Decimal(cost),
        quality_multiplier=Decimal(multiplier),
        duration=duration,
        profit_margin=Decimal("1.32"),
        credits_per_dollar=Decimal(50),
    )


PUBLISHED = [
    ("0.75", 8, {"1.0": 396, "1.2": 476, "1.5": 594}),
    ("0.18", 5, {"1.0": 60, "1.2": 72, "1.5": 90}),
    ("0.18", 9, {"1.0": 107, "1.2": 129, "1.5": 161}),
]


@pytest.mark.parametrize(("cost", "duration", "credits"), PUBLISHED)
def test_the_published_table_is_met_to_the_credit(cost, duration, credits):
    assert {m: price(cost, m, duration).credits for m in credits} == credits


def test_binary_floats_would_overcharge_here():
    assert ceil(0.75 * 14 * 1.32 * 50) == 694
    assert price("0.75", "1", 14).credits == 693


@settings(max_examples=2_000)
@given(
    cost=amounts(9, 100),
    multiplier=amounts(6, 1_000),
    duration=st.integers(1, 3_600),
    margin=amounts(6, 1_000),
    rate=amounts(6, 1_000_000),
)
def test_it_agrees_with_exact_rational_arithmetic(cost, multiplier, duration, margin, rate):
    result = calculator.price(
        cost_per_second=cost,
        quality_multiplier=multiplier,
        duration=duration,
        profit_margin=margin,
        credits_per_dollar=rate,
    )

    exact_cost = Fraction(cost) * Fraction(multiplier) * duration
    assert Fraction(result.cost_usd) == exact_cost
    assert result.credits == ceil(exact_cost * Fraction(margin) * Fraction(rate))
    assert result.credits > 0
    assert abs(Fraction(result.price_usd) - result.credits / Fraction(rate)) <= Fraction(1, 2 * 10**9)


def test_no_digit_of_a_long_product_is_lost():
    """Thirty-odd digits, a hair above a whole number of credits: Python's usual 28 would round it away."""
    result = calculator.price(
        cost_per_second=Decimal("1.000000001"),
        quality_multiplier=Decimal("1.000001"),
        duration=1,
        profit_margin=Decimal("0.000001"),
        credits_per_dollar=Decimal("1000000"),
    )

    assert result.credits == 2
    assert result.cost_usd == Decimal("1.000001001000001")
    long = calculator.price(
        cost_per_second=Decimal("99.999999999"),
        quality_multiplier=Decimal("999.999999"),
        duration=3_599,
        profit_margin=Decimal("999.999999"),
        credits_per_dollar=Decimal("999999.999999"),
    )
    assert Fraction(long.cost_usd) == Fraction("99.999999999") * Fraction("999.999999") * 3_599
    assert long.credits == ceil(Fraction(long.cost_usd) * Fraction("999.999999") * Fraction("999999.999999"))


@pytest.mark.parametrize("rate", [1, 2, 5, 8, 50, 64, 1000])
def test_dollars_that_end_are_exact(rate):
    assert Fraction(calculator.dollars(397, Decimal(rate))) == Fraction(397, rate)


@pytest.mark.parametrize(
    ("cost", "percent", "expected"),
    [
        ("0.75", "-10", "0.675"),
        ("0.75", "7.5", "0.80625"),
        ("0.000000001", "50", "0.000000002"),  # 0.0000000015, half up
        ("0.000000001", "-50", "0.000000001"),  # 0.0000000005, half up
        ("0.000000001", "-50.0001", "0"),
        ("99.999999999", "99999.9999", "100099.999898999"),
    ],
)
def test_a_price_changed_by_a_percentage_is_exact_to_nine_decimals(cost, percent, expected):
    assert calculator.changed_by(Decimal(cost), percent=Decimal(percent)) == Decimal(expected)
