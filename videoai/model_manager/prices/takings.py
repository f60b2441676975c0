"""What generations brought in, and would have brought in at other prices, in words."""

from models_registry.usage.recent import LATELY
from pricing.preview import Takings


def takings_text(takings: Takings) -> str:
    """Empty if nothing was generated."""
    if not takings.generations and not takings.unpriced:
        return ""
    return f"{_compared(takings)}{_left_out(takings)}"


def _compared(takings: Takings) -> str:
    before, after = takings.dollars
    sign = "−" if takings.difference < 0 else "+"
    return (
        f"The {takings.generations:,} generations of the last {LATELY} days that have a price would have "
        f"brought in ${after:,.2f} in place of ${before:,.2f} ({sign}${abs(takings.difference):,.2f})."
    )


def _left_out(takings: Takings) -> str:
    if not takings.unpriced:
        return ""
    return f" {takings.unpriced:,} more are left out: it is not known what they were, or they are not sold."
