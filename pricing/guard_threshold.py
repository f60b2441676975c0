"""By what factor a price may move without anybody saying that it is meant."""

from decimal import Decimal

from django.conf import settings

USUAL = Decimal(3)


def guard_threshold() -> Decimal | None:
    """The setting PRICE_CHANGE_GUARD; None: there is no such guard."""
    found: Decimal | None = getattr(settings, "PRICE_CHANGE_GUARD", USUAL)
    return found
