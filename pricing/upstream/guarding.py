"""Which changes of a list's price a person has to look at first. No ORM."""

from decimal import ROUND_HALF_UP, Decimal

from pricing.calculator import EXACT, ROUNDING
from pricing.upstream.price_list import Price, unit_text

CENT = Decimal("0.01")


def why_held(before: Price, after: Price, *, most: Decimal | None) -> str:
    """In words why `after` has to wait; empty if it has not. `most`: the factor that may go by itself."""
    if not after.amount:
        return "It crosses zero: nothing can be sold at a price of 0."
    if before.unit != after.unit:
        return f"It is paid by another unit: {unit_text(before.unit)} → {unit_text(after.unit)}."
    low, high = sorted((before.amount, after.amount))
    if most is not None and high > EXACT.multiply(low, most):
        return f"It moves {factor_text(before, after)}, more than {most.normalize():f}×."
    return ""


def factor_text(before: Price, after: Price) -> str:
    """`4×` for four times as much, `÷ 4` for a quarter; empty where the two can't be compared."""
    if before.unit != after.unit or not after.amount:
        return ""
    low, high = sorted((before.amount, after.amount))
    factor = ROUNDING.divide(high, low).quantize(CENT, rounding=ROUND_HALF_UP, context=ROUNDING)
    text = f"{factor.normalize(ROUNDING):f}"
    return f"{text}×" if after.amount >= before.amount else f"÷ {text}"
