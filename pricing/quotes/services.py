"""Quotes that hold: made, looked at, redeemed once."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from models_registry.transactions import whole
from models_registry.usage.agreements import Agreement, agree, in_nanodollars
from pricing.quotes.clock import database_now
from pricing.quotes.errors import QuoteAltered, QuoteExpired, QuoteRedeemed
from pricing.quotes.models import HeldQuote
from pricing.quotes.signing import is_same_signature, is_signed, signature
from pricing.quotes.terms import differing, terms_of
from pricing.services import offer

PREFIX = "q_"
MOST_SWEPT = 20  # more than are made, so that outdated ones never pile up


def new_id() -> str:
    """192 bits that nobody guesses: who knows the id may look at the quote."""
    return PREFIX + secrets.token_urlsafe(24)


def hold(
    model_id: str, *, quality: str, duration: int, with_audio: bool | None = None, quote_id: str | None = None
) -> HeldQuote:
    """Quote one generation, for a while. Raises what `pricing.services.offer` raises."""
    # Taken before prices are read, so that none in the quote had ended by `created_at`.
    now = database_now()
    sold = offer(model_id, quality=quality, duration=duration, with_audio=with_audio)
    held = HeldQuote(
        id=quote_id or new_id(),
        model=sold.model,
        terms=terms_of(sold.quote),
        created_at=now,
        expires_at=now + timedelta(seconds=settings.QUOTE_LIFETIME_SECONDS),
    )
    held.has_expired = False
    held.signature = signature(held.signed)
    _store(held)
    return held


@whole
def _store(held: HeldQuote) -> None:
    _sweep()
    held.save(force_insert=True)


def _sweep() -> None:
    """Take away some that are outdated; whoever sweeps at the same moment takes others."""
    found = HeldQuote.objects.outdated().order_by("expires_at").select_for_update(skip_locked=True)
    outdated = list(found.values_list("pk", flat=True)[:MOST_SWEPT])
    if outdated:
        HeldQuote.objects.unredeemed().filter(pk__in=outdated).delete()


def look_at(quote_id: str) -> HeldQuote:
    """As it was signed, with what has become of it. Raises QuoteUnknown or QuoteAltered."""
    held = HeldQuote.objects.called(quote_id)
    refuse_altered(held, {})
    return held


@whole
def redeem(quote_id: str, *, generation_id: str, said: Mapping[str, Any], by: str) -> HeldQuote:
    """Let the generation have the quoted price, whatever has become of prices since; of many callers, one.

    `said` is what the caller was shown, as far as they send it: any field of the quote, or its signature.
    Raises QuoteUnknown, QuoteAltered, QuoteRedeemed, QuoteExpired or GenerationTaken.
    """
    # Others who redeem it wait here, so that they learn what became of it.
    held = HeldQuote.objects.select_for_update(of=("self",)).called(quote_id)
    refuse_altered(held, said)
    _refuse_used(held)
    agree(generation_id, _agreement(held))
    redemption = {"redeemed_at": database_now(), "generation_id": generation_id, "redeemed_by": by}
    if not HeldQuote.objects.open().filter(pk=held.pk).update(**redemption):  # it expired while we waited
        raise QuoteExpired(held.expires_at)
    # Under its lock nobody else has changed it since it was read.
    for name, value in redemption.items():
        setattr(held, name, value)
    return held


def refuse_altered(held: HeldQuote, said: Mapping[str, Any]) -> None:
    """Raise QuoteAltered unless what is stored is what was signed, and what is `said` is what is stored."""
    is_of_model = held.terms.get("model_id") == held.model.model_id
    if not is_of_model or not is_signed(held.signed, held.signature):
        raise QuoteAltered
    if "signature" in said and not is_same_signature(held.signature, said["signature"]):
        raise QuoteAltered("signature")
    field = differing(held.signed, {name: value for name, value in said.items() if name != "signature"})
    if field is not None:
        raise QuoteAltered(field)


def _refuse_used(held: HeldQuote) -> None:
    if held.redeemed_at is not None and held.generation_id is not None:
        raise QuoteRedeemed(held.generation_id, held.redeemed_at)
    if held.has_expired:
        raise QuoteExpired(held.expires_at)


def _agreement(held: HeldQuote) -> Agreement:
    """Usage keeps costs to nine decimals."""
    return Agreement(
        model=held.model_id,
        quality=held.terms["quality"],
        duration=held.terms["duration"],
        credits=held.terms["credits"],
        cost_nanodollars=in_nanodollars(Decimal(held.terms["cost_usd"])),
        price_row=held.terms["price_row"],
    )
