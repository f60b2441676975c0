"""Why a generation costs what it costs: the row, the policy and the arithmetic behind a quote."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from models_registry.models import AIModel
from models_registry.values import decimal_text
from pricing.models import Layer, PricingPolicy, Rate, Unit
from pricing.models.rate import USD
from pricing.price_book import Basis, PriceBook, Quote, is_priced_by_hand

MODEL, RATE = "model", "rate"


@dataclass(frozen=True)
class Row:
    """A row that says what something costs us: a rate, or a model's own price."""

    id: str  # as in rate:7@2026-11-29T21:00:00.123Z
    kind: str
    layer: Layer
    amount: Decimal
    unit: Unit
    effective_from: datetime
    quality: str | None = None
    with_audio: bool | None = None
    currency: str = USD
    minimum_charge: Decimal = Decimal(0)
    source: str = ""
    source_fetched_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Explanation:
    """`covered`: what a price list says of the same, if that does not count."""

    row: Row
    covered: Row | None
    policy: PricingPolicy
    multiplier: Decimal
    formula: str

    def for_everybody(self) -> "Explanation":
        """Without where a price was read, what was noted of it, and what it covers: that is ours."""
        row = replace(self.row, source="", source_fetched_at=None, note="")
        return replace(self, row=row, covered=None)


def explanation_of(book: PriceBook, model: AIModel, quote: Quote) -> Explanation:
    """Of a quote that `book` made."""
    policy = book.policy
    if policy is None:
        raise ValueError("Without a policy there is no quote.")
    basis = quote.basis
    listed = book.rate(model, Layer.UPSTREAM, quote.quality, quote.with_audio)
    is_covered = listed is not None and (basis.rate is None or basis.rate.layer != Layer.UPSTREAM)
    return Explanation(
        row=_of_rate(basis.rate, basis.row_name) if basis.rate else _of_model(model, basis),
        covered=_of_rate(listed, _named(listed)) if is_covered and listed else None,
        policy=policy,
        multiplier=basis.multiplier,
        formula=formula(quote, policy),
    )


def formula(quote: Quote, policy: PricingPolicy) -> str:
    """In exact numbers, as in `⌈0.75 × 1 × 8 s × 1.32 × 50⌉ = 396 credits`."""
    basis = quote.basis
    factors = [decimal_text(basis.amount), decimal_text(basis.multiplier)]
    if basis.unit == Unit.MEGAPIXEL_SECOND:
        factors.append(f"{decimal_text(basis.units_a_second)} MP")
    if basis.unit != Unit.CLIP:
        factors.append(f"{quote.duration} s")
    cost = " × ".join(factors)
    if basis.minimum_charge:
        cost = f"max({cost}, {decimal_text(basis.minimum_charge)})"
    margin, dollar = decimal_text(policy.profit_margin), decimal_text(policy.credits_per_dollar)
    return f"⌈{cost} × {margin} × {dollar}⌉ = {quote.credits} credits"


def _of_rate(rate: Rate, name: str) -> Row:
    return Row(
        id=name,
        kind=RATE,
        layer=Layer(rate.layer),
        amount=rate.amount,
        unit=Unit(rate.unit),
        effective_from=rate.priced_at,
        quality=rate.quality_id,
        with_audio=rate.with_audio,
        currency=rate.currency,
        minimum_charge=rate.minimum_charge,
        source=rate.source,
        source_fetched_at=rate.source_fetched_at,
        note=rate.note,
    )


def _of_model(model: AIModel, basis: Basis) -> Row:
    return Row(
        id=basis.row_name,
        kind=MODEL,
        layer=Layer.OVERRIDE if is_priced_by_hand(model) else Layer.UPSTREAM,
        amount=basis.amount,
        unit=basis.unit,
        effective_from=model.priced_at,
    )


def _named(rate: Rate) -> str:
    return Basis(rate.amount, rate.priced_at, rate=rate).row_name
