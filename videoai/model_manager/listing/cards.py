"""What stands above the list: how many models there are, and what was generated of late."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Q, Sum

from models_registry.admin.filters import CategoryFilter
from models_registry.choices import Category, Status
from models_registry.models import AIModel
from models_registry.usage.admin.lately import DAYS
from models_registry.usage.admin.wording import count_text, share_text
from models_registry.usage.recent import outcomes_daily
from videoai.model_manager.listing.usage_columns import GENERATIONS

CATEGORY = str(CategoryFilter.parameter_name)


class Card(NamedTuple):
    """Some of the models, and the list of them alone."""

    label: str
    number: str
    note: str
    href: str
    is_chosen: bool


class Sums(NamedTuple):
    models: int = 0
    active: int = 0
    generations: int = 0

    def plus(self, other: "Sums") -> "Sums":
        return Sums(*map(sum, zip(self, other, strict=True)))


def cards(changelist: Any) -> Iterator[Card]:
    """All models and those of each category, whatever `changelist` is narrowed to. One query."""
    found = _by_category()
    everything = Sums()
    for sums in found.values():
        everything = everything.plus(sums)
    chosen = changelist.params.get(CATEGORY)
    yield _card("All models", everything, changelist.get_query_string(remove=[CATEGORY]), chosen is None)
    for category in Category:
        # Who presses the chosen card leaves its category again.
        href = changelist.get_query_string({CATEGORY: None if chosen == category else category.value})
        yield _card(category.label, found.get(category, Sums()), href, chosen == category)


def _by_category() -> dict[str | None, Sums]:
    is_active = Q(**Status.ACTIVE.flags)
    rows: Any = AIModel.objects.annotate(counted=GENERATIONS).order_by().values_list("category")
    counted = rows.annotate(number=Count("pk"), offered=Count("pk", filter=is_active), sum=Sum("counted"))
    return {category: Sums(*map(int, sums)) for category, *sums in counted}


def _card(label: str, sums: Sums, href: str, is_chosen: bool) -> Card:
    things = "generation" if sums.generations == 1 else "generations"
    note = f"{count_text(sums.active)} active · {count_text(sums.generations)} {things}"
    return Card(label, count_text(sums.models), note, href, is_chosen)


# --- The chart ----------------------------------------------------------------------------------------------

WIDTH, HEIGHT = 280, 44
GAP = 6
LEAST = 1.5  # what is there is seen, however little of it


class Bar(NamedTuple):
    """One day; failures stand on top of successes."""

    day: str
    successes: str
    failures: str
    x: str
    good_y: str
    good_height: str
    bad_y: str
    bad_height: str


class UsageCard(NamedTuple):
    """The generations of the last days, a bar a day."""

    note: str
    told: str
    bars: list[Bar]
    days: int = DAYS
    width: int = WIDTH
    height: int = HEIGHT
    bar_width: int = WIDTH // DAYS - GAP


def usage_card(*, now: datetime) -> UsageCard:
    """One query."""
    days = outcomes_daily(days=DAYS, now=now)
    generations = sum(number for _, number, _ in days)
    successes = sum(good for _, _, good in days)
    if not generations:
        return UsageCard("no generations", f"Nothing was generated in {DAYS} days.", [])
    busiest, most, _ = max(days, key=lambda day: day[1])
    bars = [
        _bar(i * WIDTH / DAYS, str(day), good, number - good, most)
        for i, (day, number, good) in enumerate(days)
    ]
    note = f"{count_text(generations)} generations · {share_text(successes, generations)} succeeded"
    return UsageCard(note, f"{note}; most on {busiest}: {count_text(most)}.", bars)


def _bar(x: float, day: str, successes: int, failures: int, most: int) -> Bar:
    good, bad = (max(LEAST, (HEIGHT - LEAST) * n / most) if n else 0 for n in (successes, failures))
    return Bar(
        day,
        count_text(successes),
        count_text(failures),
        f"{x + GAP / 2:.1f}",
        f"{HEIGHT - good:.1f}",
        f"{good:.1f}",
        f"{HEIGHT - good - bad:.1f}",
        f"{bad:.1f}",
    )
