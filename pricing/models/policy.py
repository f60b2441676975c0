from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from models_registry import choices
from models_registry.audit.audited import AuditedQuerySet
from models_registry.models import CatalogueRow

FACTOR_DIGITS = 13
FACTOR_DECIMALS = 6
LOWEST_FACTOR = Decimal(1).scaleb(-FACTOR_DECIMALS)
HIGHEST_MARGIN = Decimal(1_000)
MOST_CREDITS_PER_DOLLAR = Decimal(1_000_000)
HIGHEST_TARGET_MARGIN = Decimal(100)


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
        help_text="A factor on our cost: 1.32 adds 32 % to it, which leaves 24.2 % of the price.",
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
    max_duration_per_generation = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[
            MinValueValidator(choices.SHORTEST_DURATION),
            MaxValueValidator(choices.LONGEST_DURATION),
        ],
        help_text="Seconds; longer generations are not sold. Empty: as long as models make them.",
    )
    max_cost_per_second = models.DecimalField(
        "max $ per second",
        max_digits=choices.COST_DIGITS,
        decimal_places=choices.COST_DECIMALS,
        null=True,
        blank=True,
        validators=[
            MinValueValidator(choices.LOWEST_COST, "A second costs more than $0."),
            MaxValueValidator(choices.HIGHEST_COST, "A second costs at most $%(limit_value)s."),
        ],
        help_text="What costs us more a second is not sold. Empty: no limit.",
    )
    target_margin = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[
            MinValueValidator(Decimal(0)),
            MaxValueValidator(HIGHEST_TARGET_MARGIN),
        ],
        help_text=(
            "Percent of the price that should be left when our cost is paid. "
            "The overview tells of models that leave less."
        ),
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
            models.CheckConstraint(
                condition=(
                    Q(max_duration_per_generation__isnull=True)
                    | Q(
                        max_duration_per_generation__gte=choices.SHORTEST_DURATION,
                        max_duration_per_generation__lte=choices.LONGEST_DURATION,
                    )
                )
                & (
                    Q(max_cost_per_second__isnull=True)
                    | Q(
                        max_cost_per_second__gte=choices.LOWEST_COST,
                        max_cost_per_second__lte=choices.HIGHEST_COST,
                    )
                )
                & (
                    Q(target_margin__isnull=True)
                    | Q(target_margin__gte=0, target_margin__lte=HIGHEST_TARGET_MARGIN)
                ),
                name="pricing_policy_limits",
                violation_error_message="Limits and the target are in range, or empty.",
            ),
        ]

    def __str__(self) -> str:
        return "Pricing policy"
