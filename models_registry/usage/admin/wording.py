"""Figures as people read them; what is not known is a dash."""

from decimal import Decimal

UNKNOWN = "–"


def count_text(number: int) -> str:
    return f"{number:,}"


def percent_text(percent: float | None) -> str:
    """To a tenth, or finer where that would make 100 of what is less, or 0 of what is more."""
    if percent is None:
        return UNKNOWN
    for decimals in (1, 2, 3):
        text = f"{percent:.{decimals}f}"
        if (float(text) < 100 or percent >= 100) and (float(text) > 0 or percent <= 0):
            return f"{_bare(text)} %"
    return "> 99.999 %" if percent > 50 else "< 0.001 %"


def interval_text(interval: tuple[float, float]) -> str:
    low, high = map(percent_text, interval)
    return f"{low.removesuffix(' %')}–{high}"


def share_text(part: int, whole: int) -> str:
    return percent_text(100 * part / whole if whole else None)


def seconds_text(seconds: float | None) -> str:
    """To three digits, or to a second."""
    if seconds is None:
        return UNKNOWN
    if seconds >= 99.95:
        return f"{seconds:,.0f} s"
    if seconds >= 9.995:
        return f"{seconds:.1f} s"
    return f"{seconds:.2f} s" if seconds >= 0.9995 or not seconds else f"{seconds:.3g} s"


def dollars_text(dollars: Decimal | None) -> str:
    """To a cent; below ten cents to three digits."""
    if dollars is None:
        return UNKNOWN
    if dollars >= Decimal("0.10") or not dollars:
        return f"${dollars:,.2f}"
    return f"${dollars:.3g}" if dollars >= Decimal("0.0001") else "< $0.0001"


def _bare(text: str) -> str:
    """Without the tenths of a whole 0 or 100."""
    return text.removesuffix(".0") if text in {"0.0", "100.0"} else text
