"""What a person decides about held prices."""

from django.db import transaction

from models_registry.audit import occasion
from models_registry.models import CatalogueRevision
from pricing.models import UpstreamModel
from pricing.upstream.applying import settle
from pricing.upstream.errors import HeldPriceDecided, HeldPriceMoved, PriceOfNothing
from pricing.upstream.models import HeldPrice, State
from pricing.upstream.standing import read_standing
from pricing.upstream.writing import Told, write_price


@transaction.atomic
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


@transaction.atomic
def reject(held: HeldPrice) -> HeldPrice:
    """Keep what stands; nobody is asked of the same price again. Raises HeldPriceDecided."""
    CatalogueRevision.objects.lock()
    waiting = _waiting(held)
    settle(waiting, State.REJECTED, by=_actor())
    return waiting


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
