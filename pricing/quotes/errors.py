"""Why a held quote is not redeemed."""

from datetime import datetime

from models_registry.errors import CatalogueError
from models_registry.values import shown
from pricing.quotes.terms import moment_told


class QuoteUnknown(CatalogueError):
    """There is none of this id, or there was one and it has long expired."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no quote of this id. Those that expired unused are kept for a day.")


class QuoteExpired(CatalogueError):
    code = "quote_expired"

    def __init__(self, expires_at: datetime) -> None:
        super().__init__(
            f"The quote was good until {moment_told(expires_at)}. Ask for a new one.",
            expires_at=moment_told(expires_at),
        )


class QuoteAltered(CatalogueError):
    """What was sent, or what is stored, is not what was signed."""

    code = "quote_altered"

    def __init__(self, field: str | None = None) -> None:
        told = f"{field} is not what was quoted" if field else "The stored quote is not what was signed"
        super().__init__(f"{told}. Ask for a new quote.", field=field)


class QuoteRedeemed(CatalogueError):
    """A quote is good for one generation; which one tells who asks again whether it was their own."""

    code = "quote_redeemed"

    def __init__(self, generation_id: str, redeemed_at: datetime) -> None:
        at = moment_told(redeemed_at)
        super().__init__(
            f"The quote was redeemed at {at} for the generation {shown(generation_id)}. "
            "If that is yours, all is well; for another one ask for a new quote.",
            generation_id=generation_id,
            redeemed_at=at,
        )
