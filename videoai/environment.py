"""Reading settings from the environment; what can't be read stops the start, and says what would be right."""

import os
import re
from decimal import Decimal

from django.core.exceptions import ImproperlyConfigured

MOST_DAYS = 36_500
FACTOR = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", re.ASCII)


def whole_number(name: str, *, default: int, least: int, most: int) -> int:
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
        raise ImproperlyConfigured(f"{name}={text} is not a whole number from {least:,} to {most:,}.")
    return int(text)


def days(name: str) -> int | None:
    """A setting that is off unless it is a number of days, up to a hundred years."""
    text = os.environ.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_DAYS):
        raise ImproperlyConfigured(
            f"{name}={text} is not a whole number of days from 1 to {MOST_DAYS:,}. Leave it empty for no end."
        )
    return int(text)


def factor(name: str, *, default: str) -> Decimal | None:
    """A decimal factor above 1, or `off`."""
    text = (os.environ.get(name) or default).strip().lower()
    if text == "off":
        return None
    if not FACTOR.fullmatch(text) or Decimal(text) <= 1:
        raise ImproperlyConfigured(f"{name}={text} is neither a factor above 1, such as 3 or 1.5, nor off.")
    return Decimal(text)
