"""Why a held price can't be decided."""

from models_registry.errors import CatalogueError


class HeldPriceDecided(CatalogueError):
    """Somebody has decided it already, or the list says something else by now."""

    code = "held_price_decided"


class HeldPriceMoved(CatalogueError):
    """What stands is no longer what the proposal was compared with."""

    code = "held_price_moved"


class NothingToFollow(CatalogueError):
    """The list has no price by the second that a model's own could be."""

    code = "nothing_to_follow"


class PriceOfNothing(CatalogueError):
    """A price of 0 is never written."""

    code = "price_of_nothing"
