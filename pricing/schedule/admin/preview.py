"""What customers will pay once a change is carried out, beside what they would pay without it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from models_registry.models import AIModel
from pricing.price_book import PriceBook, Quote, read_book_with_or_without_policy
from pricing.schedule.deeds import Deed
from pricing.schedule.forecast import behind, foreseen
from pricing.schedule.models import ScheduledChange

MOST_STEPS = 60
MOST_MODELS = 200


@dataclass(frozen=True)
class Step:
    """A combination whose price changes; None: it is not sold."""

    model: AIModel
    quality: str
    duration: int  # seconds
    before: Quote | None
    after: Quote | None

    @property
    def mark(self) -> str:
        if self.before is None or self.after is None:
            return "new" if self.after else "gone"
        return "up" if self.after.credits > self.before.credits else "down"


@dataclass(frozen=True)
class Preview:
    """The first of the steps, and how many there are in all."""

    steps: Sequence[Step]
    number: int

    @property
    def more(self) -> int:
        return self.number - len(self.steps)


def preview(deed: Deed, moment: datetime) -> Preview:
    """Of one model, or of the first of those on sale. Raises CatalogueBusy."""
    sold = AIModel.objects.sold().order_by("name", "model_id").values_list("pk", flat=True)
    shown = [deed.model.pk] if deed.model else list(sold[:MOST_MODELS])
    present = read_book_with_or_without_policy(AIModel.objects.filter(pk__in=shown))
    earlier = ScheduledChange.objects.pending().filter(effective_from__lte=moment)
    keys = [model.pk for model in present.models]
    without = foreseen(present, earlier.touching(keys).select_related("model").in_turn())
    steps = list(_steps(without, behind(without, deed, moment)))
    return Preview(steps[:MOST_STEPS], len(steps))


def _steps(without: PriceBook, with_it: PriceBook) -> Iterator[Step]:
    for was, now in zip(without.models, with_it.models, strict=True):
        pairs = zip(without.combinations(was), with_it.combinations(now), strict=True)
        for before, after in pairs:
            credits = [one.quote.credits if one.quote else None for one in (before, after)]
            if credits[0] != credits[1]:
                yield Step(now, after.quality, after.duration, before.quote, after.quote)
