"""How the catalogue stands that a list is compared with."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from models_registry.models import AIModel
from models_registry.values import decimal_text
from pricing.errors import Unpriced
from pricing.models import Layer, Rate, Unit, UpstreamModel
from pricing.price_book import Place, PriceBook, read_book_with_or_without_policy
from pricing.upstream.models import HeldPrice, State
from pricing.upstream.price_list import BASE, Price, Spot

Proposals = Mapping[tuple[int, Spot], HeldPrice]


@dataclass(frozen=True)
class Standing:
    """Everything that a plan asks for; read behind the lock, so it is what will be changed."""

    book: PriceBook  # of all models
    models: Mapping[str, AIModel]  # by id in small letters
    listed: Mapping[int, UpstreamModel]  # by the primary key of the model, of all lists
    proposals: Proposals  # of each spot the one that waits, else the last one that was decided

    def rate(self, model: AIModel, spot: Spot) -> Rate | None:
        """The row of the upstream layer for just that."""
        return self.book.rates.get(Place(model.pk, Layer.UPSTREAM, *spot))

    def said_before(self, model: AIModel, listed: UpstreamModel | None, spot: Spot) -> Price | None:
        """What the list gave last; None if it gave nothing."""
        if rate := self.rate(model, spot):
            return Price(rate.amount, Unit(rate.unit))
        if spot == BASE and listed is not None and listed.cost_per_second is not None:
            return Price(listed.cost_per_second)
        return None

    def in_force(self, model: AIModel, spot: Spot) -> Price | None:
        """What counts for a quality that `model` offers, where nothing is set by hand for just that."""
        if spot.quality is None or spot.quality not in model.supported_qualities:
            return None
        with suppress(Unpriced):
            basis = self.book.basis_beneath(model, spot.quality, with_audio=spot.with_audio)
            if basis is not None and basis.unit != Unit.CLIP:
                return Price(basis.dollars_a_second)
        return None

    def by_hand(self, model: AIModel, spot: Spot, *, follows: bool) -> str:
        """The price set by hand that covers the list's, as people write it; empty if none does."""
        rate = self.book.rates.get(Place(model.pk, Layer.OVERRIDE, *spot))
        if rate is not None:
            return rate.words
        return "" if follows else f"{decimal_text(model.cost_per_second)}, the model's own price"


def read_standing() -> Standing:
    """Six queries, whatever the number of models. Raises CatalogueBusy if no reading was left alone."""
    book = read_book_with_or_without_policy(AIModel.objects.all())
    held = HeldPrice.objects.exclude(state=State.WITHDRAWN).select_related("model").order_by("pk")
    proposals = {(one.model_id, one.spot): one for one in held}
    return Standing(
        book,
        {model.model_id.lower(): model for model in book.models},
        {one.model_id: one for one in UpstreamModel.objects.all()},
        proposals,
    )
