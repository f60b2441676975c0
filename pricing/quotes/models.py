"""Quotes that hold. They are no part of the catalogue: no revision, no ETag, no entry in the audit trail.

Anybody may have one made, a thousand times an hour, and none changes what anything costs. Who redeemed one,
and when, stands in its row.
"""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from models_registry.models import AIModel
from pricing.quotes.errors import QuoteUnknown
from pricing.quotes.terms import in_order, moment_told

KEPT_AFTER_EXPIRY = timedelta(days=1)


class HeldState(models.TextChoices):
    OPEN = "open", "Open"
    REDEEMED = "redeemed", "Redeemed"
    EXPIRED = "expired", "Expired"


class HeldQuoteQuerySet(models.QuerySet["HeldQuote"]):
    """All by the database's clock."""

    def unredeemed(self) -> "HeldQuoteQuerySet":
        return self.filter(redeemed_at__isnull=True)

    def open(self) -> "HeldQuoteQuerySet":
        """Those that can be redeemed at this moment."""
        return self.unredeemed().filter(expires_at__gt=Now())

    def expired(self) -> "HeldQuoteQuerySet":
        return self.unredeemed().filter(expires_at__lte=Now())

    def redeemed(self) -> "HeldQuoteQuerySet":
        return self.filter(redeemed_at__isnull=False)

    def in_state(self, state: str) -> "HeldQuoteQuerySet":
        by_state = {
            HeldState.OPEN: self.open,
            HeldState.REDEEMED: self.redeemed,
            HeldState.EXPIRED: self.expired,
        }
        return by_state[HeldState(state)]()

    def outdated(self) -> "HeldQuoteQuerySet":
        """Those that nobody redeemed, nor will ask for any more."""
        return self.unredeemed().filter(expires_at__lt=Now() - KEPT_AFTER_EXPIRY)

    def with_state(self) -> "HeldQuoteQuerySet":
        """Each knows whether it has expired."""
        has_expired = models.ExpressionWrapper(Q(expires_at__lte=Now()), models.BooleanField())
        return self.annotate(has_expired=has_expired).select_related("model")

    def called(self, quote_id: str) -> "HeldQuote":
        """Raises QuoteUnknown."""
        quote = self.with_state().filter(pk=quote_id).first()
        if quote is None:
            raise QuoteUnknown
        return quote


class HeldQuote(models.Model):
    """A quote that is good until it expires, once; `terms` is what was told, word for word."""

    id = models.CharField("quote", primary_key=True, max_length=40)
    model = models.ForeignKey(AIModel, models.PROTECT, related_name="+")
    terms = models.JSONField()
    signature = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    redeemed_at = models.DateTimeField(null=True)
    generation_id = models.CharField(max_length=200, null=True, unique=True)  # noqa: DJ001 - "" is not unique
    redeemed_by = models.CharField(max_length=200, blank=True, default="", db_default="")

    has_expired: bool  # of `with_state`

    objects = HeldQuoteQuerySet.as_manager()

    class Meta:
        db_table = "held_quotes"
        verbose_name = "held quote"
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["-created_at", "id"], name="held_quotes_newest"),
            models.Index(
                fields=["expires_at"], condition=Q(redeemed_at__isnull=True), name="held_quotes_unredeemed"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="held_quotes_hold"),
            models.CheckConstraint(
                condition=Q(redeemed_at__isnull=True, generation_id__isnull=True)
                | Q(redeemed_at__isnull=False, generation_id__isnull=False),
                name="held_quotes_redeemed_for_one",
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def state(self) -> HeldState:
        """Only of one that was read `with_state`."""
        if self.redeemed_at is not None:
            return HeldState.REDEEMED
        return HeldState.EXPIRED if self.has_expired else HeldState.OPEN

    @property
    def signed(self) -> dict[str, Any]:
        """What the signature is of."""
        return {
            "id": self.id,
            "created_at": moment_told(self.created_at),
            "expires_at": moment_told(self.expires_at),
            **in_order(self.terms),
        }
