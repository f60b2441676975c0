"""Why a price can't be quoted."""

from models_registry.errors import CatalogueError


class Unpriced(CatalogueError):
    """Something that the price is made of is missing; there is never a free quote instead."""

    code = "unpriced"


class OverLimit(CatalogueError):
    """The policy allows no generation of that many credits."""

    code = "over_limit"


class CatalogueBusy(CatalogueError):
    """The catalogue changed during every attempt to read it as one state."""

    code = "catalogue_busy"


class RateTie(CatalogueError):
    """Two rates would fit one generation, and neither would be the more specific."""

    code = "rate_tie"

    def __init__(self, place: str, rival: str, settling: str) -> None:
        super().__init__(
            f"The rates for {place} and for {rival} both fit {settling}, and neither is more specific. "
            f"Set a rate for {settling} first.",
            field="quality",
        )
