"""Rows whose plans have no fault, brought in with few statements: see `models_registry.many`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from itertools import chain, groupby

from models_registry.audit.storing import Draft, store_all
from models_registry.many import Drafting, Revision
from models_registry.models import AIModel
from pricing import guards
from pricing.many import put_beside
from pricing.models import Rate
from pricing.models.rate import SAID
from videoai.exchange.catalogue import Catalogue
from videoai.exchange.planning import Plan
from videoai.exchange.rates import Place, said


def runs(plans: Sequence[Plan], before: Catalogue) -> Iterator[Sequence[Plan]]:
    """`plans` in their order: together as many as can be, and each by itself what has to be."""
    for is_simple, alike in groupby(plans, key=lambda planned: _is_simple(planned, before)):
        if is_simple:
            yield list(alike)
        else:
            yield from ([planned] for planned in alike)


def _is_simple(planned: Plan, before: Catalogue) -> bool:
    """It neither moves the default, nor looks at a row that an earlier plan may write, nor deletes a rate."""
    if planned.claims_default or planned.successor is not None:
        return False
    return planned.rates is None or standing_rates(planned, before).keys() <= planned.rates.keys()


def standing_rates(planned: Plan, before: Catalogue) -> Mapping[Place, Rate]:
    """The rates by hand of its model, by place."""
    return before.rates.get(planned.target.model_id, {}) if planned.target else {}


def write_at_once(plans: Sequence[Plan], before: Catalogue, *, tell: Callable[[], None]) -> None:
    """Write simple `plans`, whose prices somebody else guards; `tell` is called for each that was tried.

    Raises ValidationError or CatalogueError, and nothing is written then.
    """
    drafting = Drafting([planned.target for planned in plans if planned.target])
    drafts: list[Draft] = []
    rates: list[Rate] = []
    for planned in plans:
        model, drafted = _drafted(planned, drafting)
        drafts += drafted
        standing = standing_rates(planned, before)
        changed = list(_changed_rates(planned, model, standing, drafting.known_qualities))
        rates += changed
        drafts += [Draft(rate, SAID) for rate in changed]
        tell()
    drafting.ask(confirmed=True)
    guards.check_rates(rates, confirmed=True)
    store_all(drafts)


def _drafted(planned: Plan, drafting: Drafting) -> tuple[AIModel, list[Draft]]:
    if planned.target is None:
        draft = drafting.create(planned.changes)
        model: AIModel = draft.row  # type: ignore[assignment]
        return model, [draft]
    revised = drafting.revise(Revision(planned.target, planned.changes)) if planned.changes else None
    return drafting.stored[planned.target.pk], [revised] if revised else []


def _changed_rates(
    planned: Plan, model: AIModel, standing: Mapping[Place, Rate], known_qualities: set[str]
) -> Iterator[Rate]:
    """Those that do not stand so already; what settles which of two others counts comes first."""
    beside = [copy(rate) for rate in standing.values()]
    for rate in beside:
        rate.model = model
    settling, others = by_what_settles(planned.rates or {})
    for place, told in chain(settling.items(), others.items()):
        wanted = Rate(model=model, quality_id=place.quality, with_audio=place.with_audio, **said(told))
        rate, is_changed = put_beside(beside, wanted, known_qualities)
        if is_changed:
            yield rate


def by_what_settles(rates: Mapping[Place, Rate]) -> tuple[dict[Place, Rate], dict[Place, Rate]]:
    """Those that settle which of two others counts, and the others."""
    settling = {place: rate for place, rate in rates.items() if rate.specificity == 2}
    return settling, {place: rate for place, rate in rates.items() if place not in settling}
