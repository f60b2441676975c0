"""How the catalogue stands: its models, what they cost, and how they were used."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from django.db.models import OuterRef, Subquery

from models_registry.choices import Status
from models_registry.lifecycle import has_passed
from models_registry.models import AIModel
from models_registry.usage.figures import Figures
from models_registry.usage.periods import DAY
from models_registry.usage.recent import Use, last_days, use_lately
from models_registry.usage.totals import within
from models_registry.usage.windows import Window
from pricing.errors import CatalogueBusy
from pricing.gaps import Gaps, gaps_of
from pricing.margins.margin import Margin
from pricing.margins.watch import rows
from pricing.models import UpstreamModel
from pricing.price_book import LISTED_COST, PriceBook, read_book_with_or_without_policy
from pricing.schedule.models import ScheduledChange
from pricing.upstream.models import HeldPrice
from pricing.upstream.sunsets import has_ended

ANNOUNCED = 30  # days ahead in which a sunset is looked at
FAILED, MOST_FAILED = 30, 20  # days; changes
RECENT, BEFORE = 7, 28  # days: how models do now, and what that is held against
LONG_TEXTS = ("description", "model_parameters", "requirements")  # that nothing here is about
# On the models: the day on which their price list takes them away, None if it names none.
LISTED_UNTIL = "listed_until"


@dataclass(frozen=True)
class Situation:
    """Mappings are by primary key and leave out who was not used."""

    models: Sequence[AIModel]
    book: PriceBook | None = None  # None: prices can't be told now
    uses: Mapping[int, Use] = field(default_factory=dict)  # in the last 30 days, of what isn't active
    recent: Mapping[int, Figures] = field(default_factory=dict)  # of 7 days, of what is sold
    before: Mapping[int, Figures] = field(default_factory=dict)  # of the 28 days before those
    held: int = 0  # prices of lists that wait for somebody to decide
    now: datetime | None = None  # None: nobody looked at the clock
    failed: Sequence[ScheduledChange] = ()  # changes that could not be carried out in the last 30 days

    def in_status(self, *statuses: Status) -> list[AIModel]:
        return [model for model in self.models if model.status in statuses]

    @property
    def sold(self) -> list[AIModel]:
        return self.in_status(Status.ACTIVE, Status.DEPRECATED)

    @property
    def drafts(self) -> list[AIModel]:
        """Without those whose sunset has passed: they can't be activated."""
        found = self.in_status(Status.DRAFT)
        return [one for one in found if self.now is None or not has_passed(one.sunset_at, now=self.now)]

    @property
    def listed_drafts(self) -> list[AIModel]:
        """Drafts that a price list has a price for; none while prices can't be told."""
        return [one for one in self.drafts if getattr(one, LISTED_COST, None) is not None]

    @cached_property
    def outlived(self) -> list[tuple[AIModel, date]]:
        """What is on sale past the day on which its price list took it away; the first to go comes first."""
        if self.now is None:
            return []
        dated = [(model, day) for model in self.sold if (day := getattr(model, LISTED_UNTIL, None))]
        gone = [(model, day) for model, day in dated if has_ended(day, now=self.now)]
        return sorted(gone, key=lambda pair: pair[1])

    @cached_property
    def leaving(self) -> list[AIModel]:
        """On sale past their sunset, or going within 30 days; the first to go comes first."""
        if self.now is None:
            return []
        latest = self.now + ANNOUNCED * DAY
        dated = [model for model in self.sold if model.sunset_at is not None and model.sunset_at <= latest]
        return sorted(dated, key=lambda model: model.sunset_at or latest)

    def heir_of(self, model: AIModel) -> AIModel | None:
        """Its successor, if that is active."""
        heir = self._active.get(model.successor or "")
        return None if heir is model else heir

    @cached_property
    def _active(self) -> dict[str, AIModel]:
        return {model.model_id: model for model in self.in_status(Status.ACTIVE)}

    @cached_property
    def margins(self) -> list[Margin]:
        """Of each model and quality on sale, without what was sold of it. None while there is no policy."""
        return list(rows(replace(self.book, models=self.sold))) if self.book else []

    @cached_property
    def gaps(self) -> list[Gaps]:
        """Of the models that are sold, those that offer what can't be bought."""
        book = self.book
        found = [gaps_of(model, book) for model in self.sold] if book and book.policy else []
        return [gaps for gaps in found if gaps.unpriced or gaps.over_limit]


def read_situation(*, now: datetime) -> Situation:
    """Eight queries, however many models there are; fewer where there is nothing to ask for."""
    until = UpstreamModel.objects.filter(model=OuterRef("pk")).values("deprecation_date")[:1]
    models = AIModel.objects.defer(*LONG_TEXTS).annotate(**{LISTED_UNTIL: Subquery(until)})
    book = None
    with suppress(CatalogueBusy):
        book = read_book_with_or_without_policy(models)
    found = list(models) if book is None else book.models
    situation = Situation(found)
    recent = last_days(RECENT, now=now)
    others = situation.in_status(Status.DEPRECATED, Status.RETIRED, Status.DRAFT)
    return Situation(
        found,
        book,
        uses=use_lately(others, now=now),
        recent=_figures(recent, situation.sold),
        before=_figures(Window(recent.start - BEFORE * DAY, recent.start), situation.sold),
        held=HeldPrice.objects.waiting().count(),
        now=now,
        failed=list(ScheduledChange.objects.failed(now - FAILED * DAY).select_related("model")[:MOST_FAILED]),
    )


def _figures(window: Window, models: Collection[AIModel]) -> dict[int, Figures]:
    return {total.model.pk: total.figures for total in within(window, models) if total.figures.generations}
