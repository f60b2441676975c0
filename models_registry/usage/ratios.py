"""Quotients of counts, as people are told them."""

from fractions import Fraction
from math import sqrt

DECIMALS = 6
NORMAL_95 = 1.959963984540054  # so many deviations to either side hold 95 % of a normal distribution


def ratio(part: int, whole: int) -> float | None:
    """`part` ÷ `whole`, exact to six decimals, half to even; None of nothing."""
    return float(round(Fraction(part, whole), DECIMALS)) if whole else None


def wilson(successes: int, number: int) -> tuple[float, float] | None:
    """The 95 % score interval of a rate, in percent (E. B. Wilson, 1927, JASA 22:209); None of nothing."""
    if not number:
        return None
    rate, z = successes / number, NORMAL_95
    middle = rate + z * z / (2 * number)
    reach = z * sqrt(rate * (1 - rate) / number + z * z / (4 * number * number))
    low, high = (100 * (middle + side) / (1 + z * z / number) for side in (-reach, reach))
    # Of none and of all the formula gives 0 and 100, but for the last bits.
    return (
        round(low, DECIMALS) if successes else 0.0,
        round(high, DECIMALS) if successes < number else 100.0,
    )
