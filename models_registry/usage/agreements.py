"""Prices that were agreed on before a generation was made, and with which it is recorded.

Whoever agrees and whoever records wait for each other at the generation's key: to agree is to claim the key
and to give it back in the same transaction. So what is recorded later finds the agreement, and one that comes
too late is refused.
"""

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

from django.utils import timezone

from models_registry.usage import statements
from models_registry.usage.errors import AgreedOtherwise, GenerationTaken
from models_registry.usage.models import AgreedPrice
from models_registry.usage.reports import COST_DECIMALS, Report

ROUNDING = Context(prec=80)


class Agreement(NamedTuple):
    """What one generation of a model costs, and which row of the price list said so.

    A price is that of a quality and a duration: whatever else was generated has another.
    """

    model: int  # primary key
    quality: str
    duration: int  # seconds of video
    credits: int
    cost_nanodollars: int
    price_row: str

    def price(self, report: Report) -> Report:
        """`report` with what it left unsaid.

        A failure may say another price, such as no credits when they were given back. Raises AgreedOtherwise.
        """
        if report.model != self.model:
            raise AgreedOtherwise(report.generation_id, "model_id")
        if report.quality not in {"", self.quality}:
            raise AgreedOtherwise(report.generation_id, "quality")
        if report.duration not in {0, self.duration}:
            raise AgreedOtherwise(report.generation_id, "duration")
        if report.price_row not in {"", self.price_row}:
            raise AgreedOtherwise(report.generation_id, "price_row")
        if report.success and report.credits not in {None, self.credits}:
            raise AgreedOtherwise(report.generation_id, "credits")
        if report.success and report.cost_nanodollars not in {None, self.cost_nanodollars}:
            raise AgreedOtherwise(report.generation_id, "cost_usd")
        return report._replace(
            quality=self.quality,
            duration=self.duration,
            credits=self.credits if report.credits is None else report.credits,
            cost_nanodollars=(
                self.cost_nanodollars if report.cost_nanodollars is None else report.cost_nanodollars
            ),
            price_row=self.price_row,
        )


def in_nanodollars(dollars: Decimal) -> int:
    """Whole billionths of a dollar, rounded half up."""
    return int(dollars.scaleb(COST_DECIMALS, ROUNDING).to_integral_value(ROUND_HALF_UP, ROUNDING))


def agree(generation_id: str, agreement: Agreement) -> None:
    """Let the generation be recorded at that price and at no other; part of a longer write.

    Needs an open transaction, which has to end if this raises: no savepoint is made.
    Raises GenerationTaken if it is recorded already, or has its price.
    """
    (now,) = statements.moments([timezone.now()])
    claimed = statements.claim([{"generation_id": generation_id, "finished_at": now, "fingerprint": 0}])
    if not claimed.free or claimed.agreed:
        raise GenerationTaken(generation_id)
    statements.give_back(claimed.free)
    values = agreement._asdict()
    AgreedPrice.objects.create(generation_id=generation_id, model_id=values.pop("model"), **values)
