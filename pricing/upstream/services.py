"""What a person decides about held prices, and about models whose price was set by hand."""

from models_registry import services as catalogue
from models_registry.audit import occasion
from models_registry.models import AIModel, CatalogueRevision
from models_registry.transactions import whole
from pricing import guards
from pricing.models import UpstreamModel
from pricing.upstream.applying import settle
from pricing.upstream.errors import HeldPriceDecided, HeldPriceMoved, NothingToFollow, PriceOfNothing
from pricing.upstream.models import HeldPrice, State
from pricing.upstream.standing import read_standing
from pricing.upstream.writing import Told, write_price


@whole
def approve(held: HeldPrice) -> HeldPrice:
    """Let the list say what it proposed.

    Raises HeldPriceDecided, HeldPriceMoved, PriceOfNothing; ValidationError, keyed by field, or another
    CatalogueError if the catalogue refuses the price.
    """
    CatalogueRevision.objects.lock()
    waiting = _waiting(held)
    if not waiting.amount_after:
        raise PriceOfNothing(
            f"{waiting}: nothing can be sold at a price of 0. Reject it, or retire the model if it is gone."
        )
    listed = UpstreamModel.objects.select_related("model").get(model=waiting.model_id)
    _refuse_moved(waiting, listed)
    told = Told(waiting.source, waiting.note, waiting.fetched_at)
    write_price(listed, waiting.spot, waiting.after, told=told)
    settle(waiting, State.APPROVED, by=_actor())
    return waiting


@whole
def reject(held: HeldPrice) -> HeldPrice:
    """Keep what stands; nobody is asked of the same price again. Raises HeldPriceDecided."""
    CatalogueRevision.objects.lock()
    waiting = _waiting(held)
    settle(waiting, State.REJECTED, by=_actor())
    return waiting


@whole
def follow(listed: UpstreamModel, *, confirmed: bool = False) -> UpstreamModel:
    """Let the model's own price be what the list says, and move along with it from now on.

    Rates that were set by hand stay. Raises NothingToFollow, ValidationError above a limit of the policy, and
    ConfirmationRequired for prices that change unusually, unless that is `confirmed`.
    """
    CatalogueRevision.objects.lock()
    stored = UpstreamModel.objects.select_related("model").get(pk=listed.pk)
    if stored.cost_per_second is None:
        raise NothingToFollow(
            f"{stored} has no price by the second. Set the price of {stored.model} by hand."
        )
    with guards.guarding(AIModel.objects.filter(pk=stored.model_id), confirmed=confirmed):
        if not stored.follows:
            stored.follows = True
            stored.save(update_fields=["follows"])
        catalogue.revise(stored.model, {"cost_per_second": stored.cost_per_second}, confirmed=True)
    return stored


def _waiting(held: HeldPrice) -> HeldPrice:
    stored = HeldPrice.objects.locked(held.pk)
    if stored.state != State.WAITING:
        raise HeldPriceDecided(f"{stored} is {stored.state} already; only one that waits can be decided.")
    return stored


def _refuse_moved(held: HeldPrice, listed: UpstreamModel) -> None:
    said = read_standing().said_before(listed.model, listed, held.spot)
    if said is not None and said != held.before:
        raise HeldPriceMoved(
            f"{held} was {held.before.words} when the list was read, and is {said.words} by now. "
            "Read the list again."
        )


def _actor() -> str:
    return occasion.current().find_actor().name
