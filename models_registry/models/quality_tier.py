from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now

from models_registry.choices import (
    HIGHEST_MEGAPIXELS,
    HIGHEST_MULTIPLIER,
    LOWEST_MEGAPIXELS,
    LOWEST_MULTIPLIER,
    MEGAPIXEL_DECIMALS,
    MEGAPIXEL_DIGITS,
    MULTIPLIER_DECIMALS,
    MULTIPLIER_DIGITS,
)
from models_registry.models.catalogue_row import CatalogueRow
from models_registry.querysets import QualityTierQuerySet


class QualityTier(CatalogueRow):
    """A quality that models can offer: a named tier (`standard`) or a resolution (`720p`)."""

    audit_kind = "quality_tier"

    key = models.CharField(
        max_length=30,
        unique=True,
        validators=[
            RegexValidator(
                r"\A[a-z0-9][a-z0-9_-]*\Z", "Use lower-case letters, digits, - and _, as in standard or 720p."
            )
        ],
        help_text="What the API calls it, as in standard or 720p. It can't be changed later.",
    )
    label = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0, help_text="Lower ones are listed first.")
    cost_multiplier = models.DecimalField(
        max_digits=MULTIPLIER_DIGITS,
        decimal_places=MULTIPLIER_DECIMALS,
        validators=[
            MinValueValidator(LOWEST_MULTIPLIER, "Give a factor above 0."),
            MaxValueValidator(HIGHEST_MULTIPLIER),
        ],
        help_text="A second in this quality costs the model's price times this.",
    )
    megapixels = models.DecimalField(
        max_digits=MEGAPIXEL_DIGITS,
        decimal_places=MEGAPIXEL_DECIMALS,
        null=True,
        blank=True,
        validators=[
            MinValueValidator(LOWEST_MEGAPIXELS, "A picture has more than 0 megapixels."),
            MaxValueValidator(HIGHEST_MEGAPIXELS),
        ],
        help_text="Of one picture, as in 0.9216 for 1280 × 720; for prices by the megapixel.",
    )
    priced_at = models.DateTimeField(editable=False, db_default=Now())

    objects = QualityTierQuerySet.as_manager()

    class Meta:
        db_table = "quality_tiers"
        ordering = ["position", "key"]
        verbose_name = "quality tier"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    cost_multiplier__gte=LOWEST_MULTIPLIER, cost_multiplier__lte=HIGHEST_MULTIPLIER
                ),
                name="quality_tiers_multiplier_range",
                violation_error_message="The multiplier lies above 0 and at most at 1,000.",
            ),
            models.CheckConstraint(
                condition=models.Q(megapixels__isnull=True)
                | models.Q(megapixels__gte=LOWEST_MEGAPIXELS, megapixels__lte=HIGHEST_MEGAPIXELS),
                name="quality_tiers_megapixel_range",
                violation_error_message="A picture has more than 0 and at most 1,000 megapixels.",
            ),
        ]

    def audit_subject(self) -> str:
        return self.key

    def __str__(self) -> str:
        return self.label
