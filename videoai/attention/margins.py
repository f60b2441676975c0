"""Rules about what is left of prices."""

from collections.abc import Iterator

from models_registry.models import AIModel
from models_registry.values import decimal_text, price_text
from pricing.margins.margin import Margin
from videoai.attention.concern import Case, Concern, Remedy, Urgency, number_of
from videoai.attention.situation import Situation


def losses(situation: Situation) -> Iterator[Concern]:
    """The worst quality of each model."""
    found = [margin for margin in situation.margins if margin.is_loss]
    if found:
        cases = _cases(found)
        is_listed = any(margin.is_listed_above_price for margin in found)
        who = number_of(cases, "model costs", "models cost")
        told = f"{who} us more than customers pay: each generation is a loss."
        if is_listed:
            told = f"The provider's list is above our price: {told[:1].lower()}{told[1:]}"
        remedy = Remedy("All margins", AIModel, page="margins", query="ordering=margin_percent")
        yield Concern("losses", Urgency.NOW, told, remedy, cases, tab="pricing")


def under_target(situation: Situation) -> Iterator[Concern]:
    """Beside the losses, which are told of already."""
    found = [margin for margin in situation.margins if margin.is_under_target and not margin.is_loss]
    if found:
        cases = _cases(found)
        target = decimal_text(found[0].target_margin or found[0].margin_percent)
        told = f"{number_of(cases, 'model earns', 'models earn')} less than the target of {target} %."
        remedy = Remedy("What falls short", AIModel, page="margins", query="under_target=true")
        yield Concern("under-target", Urgency.SOON, told, remedy, cases, tab="pricing")


def _cases(margins: list[Margin]) -> list[Case]:
    """One a model, that which leaves least first."""
    worst: dict[int, Margin] = {}
    for margin in sorted(margins, key=lambda one: one.margin_percent):
        worst.setdefault(margin.model.pk, margin)
    return [Case(margin.model, _note(margin)) for margin in worst.values()]


def _note(margin: Margin) -> str:
    quote = margin.quote
    told = f"{decimal_text(margin.margin_percent)} % in {quote.quality} at {quote.duration} s"
    if margin.is_listed_above_price:
        told += f": listed at {price_text(margin.cost_usd)}, sold for {price_text(quote.price_usd)}"
    return told
