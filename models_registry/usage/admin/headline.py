"""The figures that stand on top."""

from typing import NamedTuple

from models_registry.usage.admin.wording import (
    UNKNOWN,
    count_text,
    dollars_text,
    interval_text,
    percent_text,
    seconds_text,
    share_text,
)
from models_registry.usage.figures import Figures


class Card(NamedTuple):
    label: str
    value: str
    note: str


def headline(figures: Figures) -> list[Card]:
    credits, p95 = figures.credits_total, figures.percentiles()["p95"]
    return [
        Card("Generations", count_text(figures.generations), f"{count_text(figures.failures)} failed"),
        Card("Success rate", percent_text(figures.success_rate), _interval(figures)),
        Card("Mean time", seconds_text(figures.mean_time), "of successes"),
        Card("95 % took at most", seconds_text(p95), "p95, of successes"),
        Card(
            "Credits",
            UNKNOWN if credits is None else count_text(credits),
            _told_by(figures.credited, figures),
        ),
        Card("Cost", dollars_text(figures.cost_usd), _told_by(figures.costed, figures)),
    ]


def _interval(figures: Figures) -> str:
    if figures.success_interval is None:
        return "nothing to tell it from"
    return f"95 % interval {interval_text(figures.success_interval)}"


def _told_by(number: int, figures: Figures) -> str:
    """How many generations a sum stands for: not all say what they cost."""
    if number == figures.generations:
        return "of all generations"
    return f"told by {count_text(number)} ({share_text(number, figures.generations)})"
