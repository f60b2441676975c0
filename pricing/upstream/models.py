from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from models_registry import choices
from models_registry.audit.audited import AuditedQuerySet
from models_registry.models import AIModel, CatalogueRow
from pricing.models import Unit
from pricing.upstream.guarding import factor_text
from pricing.upstream.price_list import Price, Spot


class State(models.TextChoices):
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn", "withdrawn: the list says something else by now"


class HeldPriceQuerySet(AuditedQuerySet["HeldPrice"]):
    def waiting(self) -> "HeldPriceQuerySet":
        return self.filter(state=State.WAITING)

    def locked(self, pk: int) -> "HeldPrice":
        return self.select_for_update().get(pk=pk)


class HeldPrice(CatalogueRow):
    """A price that a list would change so much that a person has to say whether it is meant.

    Until then the price stands that the list gave before.
    """

    audit_kind = "held_price"
    audit_summary = ("amount_before", "amount_after", "why")

    model = models.ForeignKey(AIModel, models.PROTECT, related_name="+")
    # No foreign key: what was once decided does not keep a tier from being deleted.
    quality = models.CharField(max_length=40, blank=True, help_text="Empty: the base price.")
    with_audio = models.BooleanField(null=True)
    amount_before = models.DecimalField(max_digits=choices.COST_DIGITS, decimal_places=choices.COST_DECIMALS)
    unit_before = models.CharField(max_length=16, choices=Unit.choices)
    amount_after = models.DecimalField(max_digits=choices.COST_DIGITS, decimal_places=choices.COST_DECIMALS)
    unit_after = models.CharField(max_length=16, choices=Unit.choices)
    why = models.CharField(max_length=200)
    list_name = models.CharField(max_length=40)
    source = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=2_000, blank=True)
    fetched_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    decided_by = models.CharField(max_length=300, blank=True)
    decided_at = models.DateTimeField(null=True)
    raised_at = models.DateTimeField(editable=False, db_default=Now())

    objects = HeldPriceQuerySet.as_manager()

    class Meta:
        db_table = "held_prices"
        verbose_name_plural = "prices to approve"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "quality"],
                condition=Q(state=State.WAITING, with_audio__isnull=True),
                name="held_prices_one_waits",
            ),
            models.UniqueConstraint(
                fields=["model", "quality", "with_audio"],
                condition=Q(state=State.WAITING, with_audio__isnull=False),
                name="held_prices_one_waits_audio",
            ),
            models.CheckConstraint(
                condition=Q(
                    amount_before__gte=choices.LOWEST_COST,
                    amount_before__lte=choices.HIGHEST_COST,
                    amount_after__gte=Decimal(0),
                    amount_after__lte=choices.HIGHEST_COST,
                ),
                name="held_prices_range",
            ),
            models.CheckConstraint(
                condition=Q(state=State.WAITING, decided_at__isnull=True)
                | ~Q(state=State.WAITING) & Q(decided_at__isnull=False),
                name="held_prices_decided_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model}, {self.spot.words}"

    @property
    def spot(self) -> Spot:
        return Spot(self.quality or None, self.with_audio)

    @property
    def before(self) -> Price:
        return Price(self.amount_before, Unit(self.unit_before))

    @property
    def after(self) -> Price:
        return Price(self.amount_after, Unit(self.unit_after))

    @property
    def factor(self) -> str:
        return factor_text(self.before, self.after)

    def audit_subject(self) -> str:
        """Its model's, like the rates'."""
        return self.model.model_id
