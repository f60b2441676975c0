"""The prices of many models, changed at once: see `models_registry.many`."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from models_registry.audit.storing import Draft, store_all
from models_registry.many import Drafting, Revision
from models_registry.models import AIModel, CatalogueRevision
from models_registry.transactions import whole
from pricing import guards, services
from pricing.models import Rate
from pricing.models.rate import SAID


class NewPrices(NamedTuple):
    """What `model`, as it was seen, is to cost a second: itself (None: as now), and by hand in qualities."""

    model: AIModel
    cost_per_second: Decimal | None
    rates: Mapping[str, Decimal]


@whole
def change_prices(wanted: Sequence[NewPrices], *, confirmed: bool = False) -> None:
    """As `services.revise` and `set_rate` of each price, model after model; each model once.

    Raises what the first of them raises that is refused; also StaleModel for a model whose version is not the
    one that was seen.
    """
    CatalogueRevision.objects.lock()
    drafting = Drafting([new.model for new in wanted])
    wanted = [new._replace(model=drafting.seen(new.model, new.model.version_number)) for new in wanted]
    models = {
        new.model.pk: drafting.revise(Revision(new.model, {"cost_per_second": new.cost_per_second}))
        for new in wanted
        if new.cost_per_second is not None
    }
    drafting.ask(confirmed=confirmed)
    rates = _rates_of(wanted, drafting.known_qualities, confirmed=confirmed)
    drafts: list[Draft] = []
    for new in wanted:
        model = models.get(new.model.pk)
        drafts += [model] if model else []
        drafts += [Draft(rate, SAID) for rate in rates.get(new.model.pk, ())]
    store_all(drafts)


def _rates_of(
    wanted: Sequence[NewPrices], known_qualities: Collection[str], *, confirmed: bool
) -> dict[int, list[Rate]]:
    """By the key of their model the rates that are to be stored; those that stand so already are left out."""
    priced = [new for new in wanted if new.rates]
    if not priced:
        return {}
    standing = _standing([new.model for new in priced])
    changed: dict[int, list[Rate]] = {}
    for new in priced:
        for quality, amount in new.rates.items():
            wanted_rate = Rate(model=new.model, quality_id=quality, amount=amount)
            rate, is_changed = put_beside(standing[new.model.pk], wanted_rate, known_qualities)
            if is_changed:
                changed.setdefault(new.model.pk, []).append(rate)
    guards.check_rates([rate for rates in changed.values() for rate in rates], confirmed=confirmed)
    return changed


def _standing(models: Collection[AIModel]) -> dict[int, list[Rate]]:
    """The rates by hand of each model, by its key."""
    known = {model.pk: model for model in models}
    found: dict[int, list[Rate]] = {pk: [] for pk in known}
    for rate in Rate.objects.by_hand().filter(model__in=known).order_by("pk"):
        rate.model = known[rate.model_id]
        found[rate.model_id].append(rate)
    return found


def put_beside(others: list[Rate], wanted: Rate, known_qualities: Collection[str]) -> tuple[Rate, bool]:
    """The row of `others` that says what is wanted by now, or one that joins them; and if that is news.

    Raises ValidationError or RateTie.
    """
    place = (wanted.quality_id, wanted.with_audio)
    standing = next((rate for rate in others if (rate.quality_id, rate.with_audio) == place), None)
    rate, is_changed = services.said_anew(wanted, standing, known_qualities=known_qualities)
    for tie in services.ties(rate, others):
        raise tie
    if standing is None:
        others.append(rate)
    return rate, is_changed
