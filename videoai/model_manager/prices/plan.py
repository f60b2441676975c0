"""What becomes of many prices at once, before anything is changed."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import NamedTuple

from models_registry.choices import HIGHEST_COST, LOWEST_COST
from models_registry.models import AIModel
from models_registry.values import decimal_text
from pricing.price_book import Combination, PriceBook, Quote
from videoai.model_manager.deeds.naming import counted
from videoai.model_manager.prices.preview import compared, offers

NewPrice = Callable[[Decimal], "NewCost"]
UNTOUCHED = "nothing changes"


class NewCost(NamedTuple):
    """Dollars a second, and whether they had to be rounded."""

    cost: Decimal
    is_rounded: bool = False


@dataclass(frozen=True)
class CostStep:
    """A price or a rate, before and after."""

    name: str  # as in `the price`
    quality: str  # of a rate
    before: Decimal
    after: Decimal
    is_rounded: bool

    @property
    def changes(self) -> bool:
        return self.before != self.after

    @property
    def texts(self) -> tuple[str, str]:
        return decimal_text(self.before), decimal_text(self.after)

    @property
    def mark(self) -> str:
        return "" if not self.changes else "up" if self.after > self.before else "down"

    @property
    def refusal(self) -> str:
        if LOWEST_COST <= self.after <= HIGHEST_COST or not self.changes:
            return ""
        limit = "has to be more than $0" if self.after < LOWEST_COST else f"may be at most ${HIGHEST_COST}"
        name = f"{self.name[0].upper()}{self.name[1:]}"
        return f"{name} would be ${decimal_text(self.after)} a second, and {limit}."

    def __str__(self) -> str:
        return "{} from ${} to ${}".format(self.name, *self.texts)


class CreditStep(NamedTuple):
    """A combination, before and after."""

    quality: str
    duration: int  # seconds
    was: Combination
    now: Combination

    @property
    def before(self) -> Quote | None:
        return self.was.quote

    @property
    def after(self) -> Quote | None:
        return self.now.quote

    @property
    def mark(self) -> str:
        return compared(self.before, self.after)

    @property
    def texts(self) -> tuple[str, str]:
        return _credits(self.before), _credits(self.after)

    @property
    def ratio(self) -> Decimal:
        """Of the credits after and before; 1 where they can't be compared."""
        if self.before is None or self.after is None:
            return Decimal(1)
        return Decimal(self.after.credits) / self.before.credits


@dataclass(frozen=True)
class ModelStep:
    model: AIModel
    price: CostStep
    rates: Sequence[CostStep]
    credits: Sequence[CreditStep]
    others: int = 0  # rates by hand beside the plain ones, which stay

    @property
    def costs(self) -> list[CostStep]:
        return [self.price, *self.rates]

    @property
    def changes(self) -> bool:
        return any(step.changes for step in self.costs)

    @property
    def told(self) -> str:
        """As in `the price from $0.5 to $0.4; the rate in 4k from $1 to $0.8`."""
        return "; ".join(str(cost) for cost in self.costs if cost.changes)

    @property
    def is_rounded(self) -> bool:
        return any(step.is_rounded for step in self.costs)

    @property
    def refusals(self) -> list[str]:
        return [step.refusal for step in self.costs if step.refusal]

    @property
    def ranges(self) -> tuple[str, str]:
        """The cheapest and the dearest combination, in credits, before and after."""
        return _range(step.before for step in self.credits), _range(step.after for step in self.credits)


@dataclass(frozen=True)
class PricePlan:
    steps: Sequence[ModelStep]

    @property
    def changing(self) -> list[ModelStep]:
        return [step for step in self.steps if step.changes]

    @property
    def refused(self) -> list[ModelStep]:
        return [step for step in self.steps if step.refusals]

    @property
    def is_rounded(self) -> bool:
        return any(step.is_rounded for step in self.steps)

    @cached_property
    def credits(self) -> list[tuple[AIModel, CreditStep]]:
        return [(step.model, one) for step in self.steps for one in step.credits]

    @property
    def digest(self) -> str:
        """Another one as soon as anything would become of the chosen models that is not shown here."""
        told = "\n".join(map(repr, self._figures()))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()

    def _figures(self) -> Iterator[tuple[object, ...]]:
        for step in self.steps:
            yield step.model.pk, step.model.version_number
            yield from ((cost.quality, *cost.texts) for cost in step.costs)
            for one in step.credits:
                yield one.quality, one.duration, *one.texts

    @property
    def sentences(self) -> list[str]:
        """The whole of it in a few words."""
        if not self.changing:
            return ["Nothing would change."]
        number = len(self.steps) - len(self.changing)
        stays = (
            f", {counted(number)} {'stays as it is' if number == 1 else 'stay as they are'}" if number else ""
        )
        return [f"{counted(len(self.changing))} will change{stays}.", self._credits_in_all, *self._biggest()]

    @property
    def _credits_in_all(self) -> str:
        marks = [one.mark for _, one in self.credits]
        words = {
            "up": "rise",
            "down": "fall",
            "new": "come on sale",
            "gone": "are no longer sold",
            "": "stay",
        }
        told = [f"{marks.count(mark):,} {what}" for mark, what in words.items() if mark in marks]
        return (
            f"Of {len(marks):,} combinations, {', '.join(told)}." if marks else "No combination is offered."
        )

    def _biggest(self) -> Iterator[str]:
        if not self.credits:
            return
        by_ratio = sorted(self.credits, key=lambda found: found[1].ratio)
        for what, (model, step) in (("rise", by_ratio[-1]), ("fall", by_ratio[0])):
            if step.mark == {"rise": "up", "fall": "down"}[what]:
                share = ((step.ratio - 1) * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
                yield (
                    f"The biggest {what}: {model.model_id}, {step.duration} s in {step.quality}, "
                    f"{step.texts[0]} → {step.texts[1]} credits ({_signed(share)} %)."
                )


def price_plan(book: PriceBook, models: Sequence[AIModel], *, price: NewPrice, rate: NewPrice) -> PricePlan:
    """What becomes of `models` if each price goes through `price` and each rate through `rate`."""
    costs = {model.pk: list(_costs(book, model, price=price, rate=rate)) for model in models}
    drafts = {model.pk: _draft(model, costs[model.pk]) for model in models}
    supposed = book.supposing_all(drafts.values())
    return PricePlan(
        [
            ModelStep(
                model,
                first,
                rates,
                list(_credit_steps(model, book, drafts[model.pk][0], supposed)),
                others=len(book.other_rates_of(model)),
            )
            for model in models
            for first, *rates in [costs[model.pk]]
        ]
    )


def _costs(book: PriceBook, model: AIModel, *, price: NewPrice, rate: NewPrice) -> Iterator[CostStep]:
    yield CostStep("the price", "", model.cost_per_second, *price(model.cost_per_second))
    for quality, cost in book.rates_of(model).items():
        yield CostStep(f"the rate in {quality}", quality, cost, *rate(cost))


def _draft(model: AIModel, costs: Sequence[CostStep]) -> tuple[AIModel, Mapping[str, Decimal]]:
    draft, (price, *rates) = copy(model), costs
    draft.cost_per_second = price.after
    return draft, {rate.quality: rate.after for rate in rates}


def _credit_steps(
    model: AIModel, book: PriceBook, draft: AIModel, supposed: PriceBook
) -> Iterator[CreditStep]:
    for quality, duration in offers(model):
        was = book.combination(model, quality=quality, duration=duration)
        now = supposed.combination(draft, quality=quality, duration=duration)
        yield CreditStep(quality, duration, was, now)


def _credits(quote: Quote | None) -> str:
    return f"{quote.credits:,}" if quote else "not sold"


def _range(quotes: Iterator[Quote | None]) -> str:
    credits = [quote.credits for quote in quotes if quote]
    if not credits:
        return "not sold"
    low, high = min(credits), max(credits)
    return f"{low:,}" if low == high else f"{low:,} – {high:,}"


def _signed(share: Decimal) -> str:
    return f"+{decimal_text(share)}" if share > 0 else f"−{decimal_text(-share)}"
