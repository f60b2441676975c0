"""Rules about models that go: who takes over, and whether somebody has said when."""

from collections.abc import Iterator

from models_registry.choices import Status
from models_registry.lifecycle import has_passed
from models_registry.models import AIModel
from models_registry.values import moment_text
from pricing.models import UpstreamModel
from pricing.price_book import NEVER
from videoai.attention.concern import Case, Concern, Remedy, Urgency, number_of
from videoai.attention.situation import Situation


def default_past_sunset(situation: Situation) -> Iterator[Concern]:
    """The clock can't do what was announced, as there is never no default."""
    for model in _stuck_defaults(situation, is_over=True):
        told = "The default model has outlived its sunset: it stays on sale for want of an active successor."
        remedy = Remedy("Past their sunset", AIModel, query="sunset=past")
        case = Case(model, _going(model))
        yield Concern("default-past-sunset", Urgency.NOW, told, remedy, [case], tab="lifecycle")


def default_sunset(situation: Situation) -> Iterator[Concern]:
    for model in _stuck_defaults(situation, is_over=False):
        told = "The default model has a sunset and no active successor: it would stay on sale past it."
        remedy = Remedy("Models that go", AIModel, query="sunset=30")
        case = Case(model, _going(model))
        yield Concern("default-sunset", Urgency.SOON, told, remedy, [case], tab="lifecycle")


def gone_by_list(situation: Situation) -> Iterator[Concern]:
    """A sync takes nothing off sale for a day that has passed already: a person has to."""
    cases = [Case(model, f"gone since {day}") for model, day in situation.outlived]
    if cases:
        who = number_of(cases, "model is", "models are")
        says = "its price list says is gone" if len(cases) == 1 else "their price list says are gone"
        remedy = Remedy("Price list entries", UpstreamModel)
        told = f"{who} on sale that {says}."
        yield Concern("gone-by-list", Urgency.NOW, told, remedy, cases, tab="lifecycle")


def nobody_follows(situation: Situation) -> Iterator[Concern]:
    leaving = [model for model in situation.leaving if not model.is_default]
    cases = [Case(model, _going(model)) for model in leaving if situation.heir_of(model) is None]
    if cases:
        told = f"{number_of(cases, 'model goes', 'models go')} within 30 days, and no active model follows."
        remedy = Remedy("Models that go", AIModel, query="sunset=30")
        yield Concern("sunset-alone", Urgency.SOON, told, remedy, cases, tab="lifecycle")


def undated(situation: Situation) -> Iterator[Concern]:
    if situation.now is None:
        return
    models = [model for model in situation.in_status(Status.DEPRECATED) if model.sunset_at is None]
    if models:
        cases = [Case(model) for model in models]
        told = f"{number_of(cases, 'deprecated model has', 'deprecated models have')} no sunset: say when."
        remedy = Remedy("Without a date", AIModel, query="sunset=undated")
        yield Concern("undated", Urgency.LATER, told, remedy, cases, tab="lifecycle")


def _stuck_defaults(situation: Situation, *, is_over: bool) -> list[AIModel]:
    """At most one: the default that goes, or should have gone, without an heir."""
    return [
        model
        for model in situation.leaving
        if model.is_default
        and situation.heir_of(model) is None
        and has_passed(model.sunset_at, now=situation.now or NEVER) == is_over
    ]


def _going(model: AIModel) -> str:
    when = moment_text(model.sunset_at) if model.sunset_at else ""
    if model.successor is None:
        return f"{when}, no successor"
    return f"{when}, {model.successor} is not active"
