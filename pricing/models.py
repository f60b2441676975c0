from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from models_registry import choices
from models_registry.audit.audited import AuditedQuerySet
from models_registry.audit.models import State
from models_registry.models import AIModel, CatalogueRow, QualityTier
from models_registry.values import decimal_text

FACTOR_DIGITS = 13
FACTOR_DECIMALS = 6
LOWEST_FACTOR = Decimal(1).scaleb(-FACTOR_DECIMALS)
HIGHEST_MARGIN = Decimal(1_000)
MOST_CREDITS_PER_DOLLAR = Decimal(1_000_000)


class PricingPolicy(CatalogueRow):
    """How dollars that we pay become credits that customers pay. One row; without it nothing is quoted."""

    audit_kind = "pricing_policy"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    profit_margin = models.DecimalField(
        max_digits=FACTOR_DIGITS,
        decimal_places=FACTOR_DECIMALS,
        validators=[
            MinValueValidator(LOWEST_FACTOR, "Give a factor above 0."),
            MaxValueValidator(HIGHEST_MARGIN),
        ],
        help_text="A factor on our cost: 1.32 earns 32 %.",
    )
    credits_per_dollar = models.DecimalField(
        max_digits=FACTOR_DIGITS,
        decimal_places=FACTOR_DECIMALS,
        validators=[
            MinValueValidator(LOWEST_FACTOR, "Give a number above 0."),
            MaxValueValidator(MOST_CREDITS_PER_DOLLAR),
        ],
    )
    max_credits_per_generation = models.PositiveIntegerField(
        default=5_000,
        validators=[MinValueValidator(1)],
        help_text="Dearer combinations are not sold.",
    )
    priced_at = models.DateTimeField(editable=False, db_default=Now())

    objects = AuditedQuerySet["PricingPolicy"].as_manager()

    class Meta:
        db_table = "pricing_policy"
        verbose_name = "pricing policy"
        verbose_name_plural = "pricing policy"
        constraints = [
            models.CheckConstraint(
                condition=Q(id=1),
                name="pricing_policy_one_row",
                violation_error_message="There is one policy; change it instead of adding another.",
            ),
            models.CheckConstraint(
                # From the smallest number that a column holds, not from 0: SQLite stores smaller ones, too,
                # and reads them back as 0.
                condition=Q(
                    profit_margin__gte=LOWEST_FACTOR,
                    profit_margin__lte=HIGHEST_MARGIN,
                    credits_per_dollar__gte=LOWEST_FACTOR,
                    credits_per_dollar__lte=MOST_CREDITS_PER_DOLLAR,
                    max_credits_per_generation__gte=1,
                ),
                name="pricing_policy_ranges",
                violation_error_message="Margin, credits a dollar and limit are above 0 and not absurd.",
            ),
        ]

    def __str__(self) -> str:
        return "Pricing policy"


class Rate(CatalogueRow):
    """What a second of one model in one quality costs, in place of the model's price times the multiplier."""

    audit_kind = "rate"

    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="+")
    quality = models.ForeignKey(
        QualityTier, on_delete=models.PROTECT, related_name="+", to_field="key", db_column="quality"
    )
    cost_per_second = models.DecimalField(
        "$ per second",
        max_digits=choices.COST_DIGITS,
        decimal_places=choices.COST_DECIMALS,
        validators=[
            MinValueValidator(choices.LOWEST_COST, "A second costs more than $0."),
            MaxValueValidator(choices.HIGHEST_COST, "A second costs at most $%(limit_value)s."),
        ],
    )
    priced_at = models.DateTimeField(editable=False, db_default=Now())

    objects = AuditedQuerySet["Rate"].as_manager()

    class Meta:
        db_table = "rates"
        ordering = ["model", "quality__position"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "quality"],
                name="rates_one_a_quality",
                violation_error_message="This model has a rate for this quality already; change that one.",
            ),
            models.CheckConstraint(
                condition=Q(
                    cost_per_second__gte=choices.LOWEST_COST, cost_per_second__lte=choices.HIGHEST_COST
                ),
                name="rates_cost_range",
                violation_error_message="A second costs more than $0 and at most $100.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} in {self.quality_id}"

    def audit_subject(self) -> str:
        """Its model's: who asks what a model's price was wants its rates, too."""
        return self.model.model_id

    @classmethod
    def audit_label(cls, name: str) -> str:
        quality = name.removeprefix("rates.")
        return super().audit_label(name) if quality == name else f"$ per second in {quality}"

    def audit_state(self) -> State:
        return {f"rates.{self.quality_id}": decimal_text(self.cost_per_second)}
