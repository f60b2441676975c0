"""The margins of all that is on sale, beside what was sold of it lately."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from models_registry.models import AIModel
from models_registry.querysets import AIModelQuerySet
from models_registry.usage.models import UsageRollup
from models_registry.usage.periods import Grain
from models_registry.usage.recent import LATELY, last_days
from pricing import calculator
from pricing.margins.margin import NOTHING, Margin, Volume, least, margins_of, prices
from pricing.price_book import PriceBook, read_price_book

# By what rows are put in order: the name of it, and what it is of a row.
ORDERS: Mapping[str, Callable[[Margin], Any]] = {
    "margin_percent": lambda margin: margin.margin_percent,
    "margin_usd": lambda margin: margin.margin_usd,
    "cost_usd": lambda margin: margin.cost_usd,
    "price_usd": lambda margin: margin.quote.price_usd,
    "generations": lambda margin: margin.volume.generations,
    "name": lambda margin: margin.model.name.lower(),
}
USUAL_ORDER = "margin_percent"
ORDERINGS = [sign + name for name in ORDERS for sign in ("", "-")]


@dataclass
class Sold:
    """Of one model in one quality in the last days, by length in seconds; 0 for those that nobody told."""

    generations: dict[int, int] = field(default_factory=dict)
    credited: int = 0
    credits: int = 0

    def volume(self, prices: Mapping[int, Decimal]) -> Volume:
        """At `prices`, by length."""
        value = NOTHING
        for duration, number in self.generations.items():
            worth = calculator.EXACT.multiply(prices.get(duration, NOTHING), Decimal(number))
            value = calculator.EXACT.add(value, worth)
        return Volume(sum(self.generations.values()), self.credits if self.credited else None, value)


def margin_report(
    models: AIModelQuerySet, *, now: datetime, under_target: bool = False, ordering: str = USUAL_ORDER
) -> list[Margin]:
    """Five queries, however many `models` there are. Raises Unpriced without a policy, or CatalogueBusy."""
    book = read_price_book(models)
    sold = sold_lately(book.models, now=now)
    found = [margin for margin in rows(book, sold=sold) if margin.is_under_target or not under_target]
    return in_order(found, ordering)


def rows(book: PriceBook, *, sold: Mapping[tuple[int, str], Sold] | None = None) -> Iterator[Margin]:
    """One for each model of the book and each quality in which it is sold. No queries."""
    sounds = sounds_told_apart(book)
    for model in book.models:
        for quality in model.supported_qualities:
            margins = list(margins_of(book, model, quality, sounds=sounds.get(model.pk, (None,))))
            worst = least(margins)
            if worst is not None:
                of_quality = (sold or {}).get((model.pk, quality))
                yield replace(worst, volume=of_quality.volume(prices(margins))) if of_quality else worst


def sounds_told_apart(book: PriceBook) -> dict[int, tuple[bool | None, ...]]:
    """By primary key, of the models with a rate for clips with sound, or without."""
    return {place.model: (None, False, True) for place in book.rates if place.with_audio is not None}


def in_order(margins: Collection[Margin], ordering: str) -> list[Margin]:
    """Rows that are alike stand by id, and as the model offers its qualities."""
    name = ordering.removeprefix("-")
    by_id = sorted(margins, key=lambda margin: margin.model.model_id)
    return sorted(by_id, key=ORDERS[name], reverse=ordering.startswith("-"))


def sold_lately(models: Collection[AIModel], *, now: datetime) -> dict[tuple[int, str], Sold]:
    """By primary key and quality, of the last 30 days, today included. One query."""
    window = last_days(LATELY, now=now)
    days = UsageRollup.objects.filter(
        grain=Grain.DAY,
        start__gte=window.start,
        start__lt=window.end,
        model__in=[model.pk for model in models],
    ).order_by()
    sums: Any = days.values_list("model", "quality", "duration").annotate(
        Sum("generations"), Sum("credited"), Sum("credits")
    )
    found: dict[tuple[int, str], Sold] = {}
    for model, quality, duration, generations, credited, credits in sums:
        sold = found.setdefault((model, quality), Sold())
        sold.generations[duration] = int(generations)
        sold.credited += int(credited)
        sold.credits += int(credits)
    return found
