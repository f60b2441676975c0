"""What a generation costs: exact decimal arithmetic, rounded up once, at the end. No ORM, no clock."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal, Inexact

# Wide enough for the longest product of the longest numbers that the columns hold; should it ever be too
# narrow, an exception says so, and no digit is lost in silence.
EXACT = Context(prec=80, traps=[Inexact])
ROUNDING = Context(prec=80)  # made once: it takes as long as a division
# Credits that don't divide evenly (credits_per_dollar of 30) are shown to this many places.
DOLLAR_PLACES = Decimal(1).scaleb(-9)
PERCENT_PLACES = Decimal(1).scaleb(-2)
ONE = Decimal(1)


@dataclass(frozen=True)
class Price:
    """One generation's price. `cost_usd` is what we pay, `price_usd` what the credits are worth."""

    cost_usd: Decimal
    credits: int
    price_usd: Decimal


def price(
    *,
    cost_per_second: Decimal,
    quality_multiplier: Decimal,
    duration: int,
    profit_margin: Decimal,
    credits_per_dollar: Decimal,
) -> Price:
    """Price `duration` seconds.

    cost_usd = cost_per_second × multiplier × duration; credits = ⌈cost_usd × margin × credits_per_dollar⌉.
    """
    cost_usd = cost(cost_per_second, multiplier=quality_multiplier, duration=duration)
    return price_of(cost_usd, profit_margin=profit_margin, credits_per_dollar=credits_per_dollar)


def price_of(cost_usd: Decimal, *, profit_margin: Decimal, credits_per_dollar: Decimal) -> Price:
    """What customers pay for what costs us `cost_usd`, however that came about."""
    credits = credits_for(cost_usd, profit_margin=profit_margin, credits_per_dollar=credits_per_dollar)
    return Price(cost_usd, credits, dollars(credits, credits_per_dollar))


def cost(
    amount: Decimal,
    *,
    multiplier: Decimal = ONE,
    units: Decimal = ONE,
    duration: int = 1,
    minimum: Decimal = Decimal(0),
) -> Decimal:
    """What a generation costs us, in dollars: amount × multiplier × units a second × seconds, or the minimum.

    `units` is 1 for a price a second, the megapixels of a picture for one a megapixel second. A price a clip
    has a `duration` of 1: it does not depend on how long the clip is.
    """
    a_second = EXACT.multiply(EXACT.multiply(amount, multiplier), units)
    return max(EXACT.multiply(a_second, Decimal(duration)), minimum)


def credits_for(cost_usd: Decimal, *, profit_margin: Decimal, credits_per_dollar: Decimal) -> int:
    """Whole credits for what costs us `cost_usd`, always rounded up."""
    exact = EXACT.multiply(EXACT.multiply(cost_usd, profit_margin), credits_per_dollar)
    return int(exact.to_integral_value(rounding=ROUND_CEILING))


def dollars(credits: int, credits_per_dollar: Decimal) -> Decimal:
    """What `credits` are worth; exact if it ends within nine decimals, else rounded half up to them."""
    worth = ROUNDING.divide(Decimal(credits), credits_per_dollar)
    return worth.quantize(DOLLAR_PLACES, rounding=ROUND_HALF_UP, context=ROUNDING)


def percent(part: Decimal, whole: int) -> Decimal:
    """How much `part` is of `whole`, which is not 0: percent, rounded half up to two places."""
    exact = ROUNDING.divide(EXACT.multiply(part, Decimal(100)), Decimal(whole))
    return exact.quantize(PERCENT_PLACES, rounding=ROUND_HALF_UP, context=ROUNDING)


def changed_by(cost_per_second: Decimal, *, percent: Decimal) -> Decimal:
    """A price, raised by `percent` or lowered by a negative one; rounded half up to nine decimals."""
    exact = EXACT.multiply(cost_per_second, EXACT.add(Decimal(100), percent)).scaleb(-2)
    return exact.quantize(DOLLAR_PLACES, rounding=ROUND_HALF_UP, context=ROUNDING)
