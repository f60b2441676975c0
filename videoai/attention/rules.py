"""What somebody should mend, the most urgent first: rules about how the catalogue stands."""

from collections.abc import Callable, Collection, Iterator, Sequence

from models_registry.choices import Status
from models_registry.models import AIModel, QualityTier
from models_registry.usage.admin.wording import count_text, percent_text
from models_registry.usage.figures import Figures
from models_registry.usage.models import UsageCounter
from models_registry.usage.recent import LATELY
from pricing.models import PricingPolicy
from pricing.schedule.deeds import words
from pricing.schedule.models import ScheduledChange
from pricing.schedule.models import State as ChangeState
from pricing.upstream.models import HeldPrice, State
from videoai.attention import lifecycle, margins
from videoai.attention.concern import Case, Concern, Remedy, Urgency, number_of
from videoai.attention.situation import RECENT, Situation

MOST_LISTED = 3  # qualities in one note


Rule = Callable[[Situation], Iterator[Concern]]


def concerns(situation: Situation) -> list[Concern]:
    """All there is, in the order of the rules: the most urgent first."""
    return [concern for rule in RULES for concern in rule(situation)]


# --- The rules -------------------------------------------------------------------------------------------


def no_policy(situation: Situation) -> Iterator[Concern]:
    if situation.book and situation.book.policy is None:
        told = "There is no pricing policy: nothing can be quoted, and nothing sold."
        yield Concern("no-policy", Urgency.NOW, told, Remedy("Set the policy", PricingPolicy, "add"))


def prices_unread(situation: Situation) -> Iterator[Concern]:
    if situation.book is None:
        told = "Prices are being changed without a pause and were not looked at: reload in a moment."
        yield Concern("prices-unread", Urgency.SOON, told, Remedy("All models", AIModel))


def no_default(situation: Situation) -> Iterator[Concern]:
    if any(model.is_default for model in situation.models):
        return
    if not situation.models:
        told, remedy = "There is no model yet: nothing can be sold.", Remedy("Add a model", AIModel, "add")
    elif situation.in_status(Status.ACTIVE):
        told = "No model is the default: who asks for it gets an error."
        remedy = Remedy("Choose one", AIModel, query=f"status={Status.ACTIVE}")
    else:
        told = "No model is active, and so none is the default: who asks for it gets an error."
        remedy = Remedy("All models", AIModel)
    yield Concern("no-default", Urgency.NOW, told, remedy)


def unpriced(situation: Situation) -> Iterator[Concern]:
    """A quality has neither a rate nor a tier, or would be free."""
    cases = [
        Case(gaps.model, f"no price in {_listed(gaps.unpriced)}") for gaps in situation.gaps if gaps.unpriced
    ]
    if cases:
        who = number_of(cases, "model offers", "models offer")
        told = f"{who} a quality that has no price: nobody can buy it."
        remedy = Remedy("Quality tiers", QualityTier)
        yield Concern("unpriced", Urgency.NOW, told, remedy, cases, tab="pricing")


def success_fallen(situation: Situation) -> Iterator[Concern]:
    pairs = [
        (model, situation.recent[model.pk], situation.before[model.pk])
        for model in situation.sold
        if model.pk in situation.recent and model.pk in situation.before
    ]
    cases = [Case(model, _fall(now, then)) for model, now, then in pairs if has_fallen(now, then)]
    if cases:
        told = f"{number_of(cases, 'model fails', 'models fail')} more often than in the four weeks before."
        remedy = Remedy("Usage of 7 days", UsageCounter, query="range=7d")
        yield Concern("success-fallen", Urgency.NOW, told, remedy, cases, page="usage")


def over_limit(situation: Situation) -> Iterator[Concern]:
    cases = [
        Case(gaps.model, _listed([f"{quality} from {least} s" for quality, least in gaps.over_limit.items()]))
        for gaps in situation.gaps
        if gaps.over_limit
    ]
    if cases and situation.book and situation.book.policy:
        limit = count_text(situation.book.policy.max_credits_per_generation)
        who = number_of(cases, "model offers", "models offer")
        told = f"{who} what would cost more than {limit} credits, the policy's limit: nobody can buy it."
        remedy = Remedy("Pricing policy", PricingPolicy)
        yield Concern("over-limit", Urgency.SOON, told, remedy, cases, tab="pricing")


def changes_failed(situation: Situation) -> Iterator[Concern]:
    """Scheduled ones that had become impossible when their moment came."""
    if not situation.failed:
        return
    number = len(situation.failed)
    who = "A scheduled change" if number == 1 else f"{count_text(number)} scheduled changes"
    first = situation.failed[0]
    told = f"{who} could not be carried out, the latest for {first.audit_subject()}: {first.outcome}"
    remedy = Remedy("Failed changes", ScheduledChange, query=f"state={ChangeState.FAILED}")
    cases = [Case(change.model, words(change)) for change in situation.failed if change.model]
    yield Concern("changes-failed", Urgency.NOW, told, remedy, cases, tab="pricing")


def used_off_sale(situation: Situation) -> Iterator[Concern]:
    """Used on a later day than the one of the row's last change: it was off sale by then."""
    for status in (Status.RETIRED, Status.DRAFT):
        cases = _used(
            situation,
            [
                model
                for model in situation.in_status(status)
                if model.pk in situation.uses and situation.uses[model.pk].last > model.updated_at.date()
            ],
        )
        if cases:
            who = number_of(cases, f"{status} model is", f"{status} models are")
            told = f"{who} used though not on sale: some backend goes past the catalogue."
            remedy = Remedy(f"{status.label} models", AIModel, query=f"status={status}")
            yield Concern(f"used-{status}", Urgency.SOON, told, remedy, cases, page="usage")


def used_deprecated(situation: Situation) -> Iterator[Concern]:
    """On the day that it was deprecated, or later."""
    cases = _used(
        situation,
        [
            model
            for model in situation.in_status(Status.DEPRECATED)
            if model.pk in situation.uses
            and model.deprecated_at is not None
            and situation.uses[model.pk].last >= model.deprecated_at.date()
        ],
    )
    if cases:
        told = f"{number_of(cases, 'deprecated model is', 'deprecated models are')} still in use."
        remedy = Remedy("Deprecated models", AIModel, query=f"status={Status.DEPRECATED}")
        yield Concern("used-deprecated", Urgency.LATER, told, remedy, cases, page="usage")


def held_prices(situation: Situation) -> Iterator[Concern]:
    if situation.held:
        waits = "list price waits" if situation.held == 1 else "list prices wait"
        told = f"{count_text(situation.held)} {waits} to be approved or rejected."
        remedy = Remedy("Prices to approve", HeldPrice, query=f"state={State.WAITING}")
        yield Concern("held-prices", Urgency.SOON, told, remedy)


def listed_drafts(situation: Situation) -> Iterator[Concern]:
    """Of these, nobody has said yet how long clips may be."""
    cases = [Case(model) for model in situation.listed_drafts]
    if cases:
        who = number_of(cases, "draft from a price list waits", "drafts from price lists wait")
        told = f"{who} to be checked: no list says which durations a model offers."
        remedy = Remedy("Drafts", AIModel, query=f"status={Status.DRAFT}")
        yield Concern("listed-drafts", Urgency.LATER, told, remedy, cases)


def drafts(situation: Situation) -> Iterator[Concern]:
    listed = situation.listed_drafts
    cases = [Case(model) for model in situation.drafts if model not in listed]
    if cases:
        told = f"{number_of(cases, 'draft waits', 'drafts wait')} to be activated."
        remedy = Remedy("Drafts", AIModel, query=f"status={Status.DRAFT}")
        yield Concern("drafts", Urgency.LATER, told, remedy, cases, tab="lifecycle")


RULES: Sequence[Rule] = (
    *(no_policy, no_default, unpriced, changes_failed, lifecycle.default_past_sunset),
    *(lifecycle.gone_by_list, margins.losses, success_fallen),
    *(lifecycle.default_sunset, lifecycle.nobody_follows, margins.under_target),
    *(over_limit, prices_unread, held_prices, used_off_sale),
    *(used_deprecated, lifecycle.undated, listed_drafts, drafts),
)


def has_fallen(now: Figures, then: Figures) -> bool:
    """Chance alone is no fall: the 95 % intervals don't overlap."""
    recent, before = now.success_interval, then.success_interval
    return recent is not None and before is not None and recent[1] < before[0]


# --- Words -----------------------------------------------------------------------------------------------


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - MOST_LISTED
    return ", ".join(texts[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _fall(now: Figures, then: Figures) -> str:
    return (
        f"{percent_text(now.success_rate)} of {count_text(now.generations)} in {RECENT} days, "
        f"{percent_text(then.success_rate)} of {count_text(then.generations)} before"
    )


def _used(situation: Situation, models: Collection[AIModel]) -> list[Case]:
    """The most used first."""
    by_use = sorted(models, key=lambda model: -situation.uses[model.pk].generations)
    return [Case(model, _use(situation, model)) for model in by_use]


def _use(situation: Situation, model: AIModel) -> str:
    use = situation.uses[model.pk]
    times = "once" if use.generations == 1 else f"{count_text(use.generations)} times"
    return f"{times} in {LATELY} days, the last on {use.last}"
