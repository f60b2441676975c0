"""The one way in which a price of a list is written."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from models_registry import services as catalogue
from models_registry.models import AIModel
from pricing import services
from pricing.models import Layer, Rate, Unit, UpstreamModel
from pricing.upstream.price_list import BASE, Price, Spot


class Told(NamedTuple):
    """Where a price was read, and what was said of it there."""

    source: str
    note: str
    at: datetime


def write_price(listed: UpstreamModel, spot: Spot, price: Price, *, told: Told) -> None:
    """Let the list say `price` from now on. Raises ValidationError, keyed by field, or a CatalogueError.

    What was set by hand stays: the model's own price moves along only if it follows the list still.
    """
    if spot == BASE and price.unit == Unit.SECOND:
        _write_own_price(listed, price.amount)
        return
    values = {
        "quality_id": spot.quality,
        "with_audio": spot.with_audio,
        "unit": price.unit,
        "amount": price.amount,
        "source": told.source,
        "source_fetched_at": told.at,
        "note": told.note,
    }
    services.put_rate(listed.model, values, layer=Layer.UPSTREAM, confirmed=True)


def _write_own_price(listed: UpstreamModel, amount: Decimal) -> None:
    model = AIModel.objects.get(pk=listed.model_id)
    follows = listed.sets_price_of(model)
    # What stood for any quality by another unit would cover it.
    for rate in Rate.objects.at(model.pk, Layer.UPSTREAM, quality=None, with_audio=None):
        services.remove_rate(rate, confirmed=True)
    if (listed.cost_per_second, listed.follows) != (amount, follows):
        listed.cost_per_second, listed.follows = amount, follows
        listed.save()
    if follows:
        catalogue.revise(model, {"cost_per_second": amount}, confirmed=True)
