"""Lines so small that they fit into a row of a table."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

from models_registry.usage.admin.wording import count_text

WIDTH, HEIGHT = 92, 22
RIM = 2  # so that the line is not cut off where it is highest


def spark(numbers: Sequence[int], *, begin: date) -> SafeString:
    """How many there were in all, and a line of how many a day, from `begin` on.

    Each line has its own scale, from nothing to its highest day.
    """
    told = spark_text(numbers, begin=begin)
    return format_html(
        '{} <svg class="spark" width="{}" height="{}" role="img" aria-label="{}"><title>{}</title>'
        '<path d="{}"/></svg>',
        count_text(sum(numbers)),
        WIDTH,
        HEIGHT,
        told,
        told,
        path(numbers),
    )


def spark_text(numbers: Sequence[int], *, begin: date) -> str:
    most = max(numbers)
    day = begin + timedelta(days=numbers.index(most))
    total, things = sum(numbers), "generation" if sum(numbers) == 1 else "generations"
    return f"{count_text(total)} {things} in {len(numbers)} days, most on {day} ({count_text(most)})"


def path(numbers: Sequence[int]) -> str:
    """The line, in whole and half pixels."""
    step = (WIDTH - 2 * RIM) / (len(numbers) - 1)
    most = max(numbers)
    points = (
        f"{RIM + i * step:.1f} {HEIGHT - RIM - (HEIGHT - 2 * RIM) * number / most:.1f}"
        for i, number in enumerate(numbers)
    )
    return f"M{'L'.join(points)}"
