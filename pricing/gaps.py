"""What models offer, and nobody can buy."""

from typing import NamedTuple

from models_registry.models import AIModel
from pricing.errors import OverLimit, Unpriced
from pricing.price_book import PriceBook


class Gaps(NamedTuple):
    """What a model offers and nobody can buy."""

    model: AIModel
    unpriced: list[str]  # qualities
    over_limit: dict[str, int]  # by quality, the shortest duration that is too dear


def gaps_of(model: AIModel, book: PriceBook) -> Gaps:
    """Whatever is longer costs at least as much: where the longest can be sold, all can."""
    unpriced, over_limit = [], {}
    for quality in model.supported_qualities:
        for duration in sorted(model.supported_durations, reverse=True):
            try:
                book.quote(model, quality=quality, duration=duration)
                break
            except OverLimit:
                over_limit[quality] = duration
            except Unpriced:
                unpriced.append(quality)
                break
    return Gaps(model, unpriced, over_limit)
