"""What is kept of finished generations: each one, its id for good, and sums that answer for them all.

They are no part of the catalogue: no history, no revision, no ETag. Times are whole microseconds and costs
whole billionths of a dollar, because the database adds whole numbers exactly.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from models_registry.models import AIModel
from models_registry.usage.periods import Grain
from models_registry.usage.sketch_field import SketchField


def model_key() -> "models.ForeignKey[AIModel, AIModel]":
    """Which model it was, without a foreign key in the database: checking one would lock the model's row.

    The model's row in `usage_counters` has one, so no model goes that was ever used.
    """
    return models.ForeignKey(
        AIModel, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )


class GenerationKey(models.Model):
    """That a generation was recorded, which stays known when the generation itself is long dropped.

    A unique index of a partitioned table has to hold the column that it is partitioned by. So what keeps ids
    unique is this table, which is not partitioned.
    """

    generation_id = models.CharField(primary_key=True, max_length=200)
    finished_at = models.DateTimeField(help_text="Where to find the generation.")
    fingerprint = models.BigIntegerField(help_text="Of all that was reported, but the time it finished.")

    class Meta:
        db_table = "generation_keys"

    def __str__(self) -> str:
        return self.generation_id


class Generation(models.Model):
    """One finished generation, as it was reported; partitioned by month on PostgreSQL."""

    pk = models.CompositePrimaryKey("finished_at", "generation_id")
    generation_id = models.CharField(max_length=200)
    finished_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    model = model_key()
    success = models.BooleanField()
    microseconds = models.BigIntegerField()
    bucket = models.SmallIntegerField(help_text="Of the sketch; see `sketch.bucket_of`.")
    duration = models.PositiveSmallIntegerField(help_text="Seconds of video; 0: nobody said.")
    quality = models.CharField(max_length=30, blank=True)
    queue_microseconds = models.BigIntegerField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    cost_nanodollars = models.BigIntegerField(null=True)
    credits = models.BigIntegerField(null=True)
    price_row = models.CharField(
        max_length=120,
        blank=True,
        default="",
        db_default="",
        help_text="Which row of the price list it has its price from.",
    )

    class Meta:
        db_table = "generations"
        constraints = [
            models.CheckConstraint(
                condition=Q(microseconds__gte=0, microseconds__lte=86_400_000_000),
                name="generations_time_range",
            ),
            models.CheckConstraint(
                condition=Q(success=False) | Q(error_code=""), name="generations_success_has_no_error"
            ),
        ]

    def __str__(self) -> str:
        return self.generation_id


class AgreedPrice(models.Model):
    """What one generation is recorded with, agreed on before it was made; kept as long as its key."""

    generation_id = models.CharField(primary_key=True, max_length=200)
    model = model_key()
    quality = models.CharField(max_length=30)
    duration = models.PositiveSmallIntegerField(help_text="Seconds of video.")
    credits = models.BigIntegerField()
    cost_nanodollars = models.BigIntegerField()
    price_row = models.CharField(max_length=120)

    class Meta:
        db_table = "agreed_prices"

    def __str__(self) -> str:
        return self.generation_id


class UsageCounter(models.Model):
    """Of one model, since ever."""

    model = models.OneToOneField(AIModel, models.PROTECT, primary_key=True, related_name="+")
    generations = models.BigIntegerField()
    successes = models.BigIntegerField()
    microseconds = models.BigIntegerField()

    class Meta:
        db_table = "usage_counters"
        verbose_name_plural = verbose_name = "usage"
        constraints = [
            models.CheckConstraint(
                condition=Q(successes__gte=0, successes__lte=models.F("generations"), microseconds__gte=0),
                name="usage_counters_add_up",
            ),
        ]

    def __str__(self) -> str:
        return str(self.model_id)


class UsageRollup(models.Model):
    """Of one model in one hour, day or month, by quality and duration; "" and 0 where nobody said."""

    pk = models.CompositePrimaryKey("model", "grain", "start", "quality", "duration")
    model = model_key()
    grain = models.CharField(max_length=5, choices=Grain.choices)
    start = models.DateTimeField()
    quality = models.CharField(max_length=30, blank=True)
    duration = models.PositiveSmallIntegerField()
    generations = models.BigIntegerField()
    successes = models.BigIntegerField()
    microseconds = models.BigIntegerField()
    success_microseconds = models.BigIntegerField()
    queued = models.BigIntegerField(help_text="How many said how long they queued.")
    queue_microseconds = models.BigIntegerField()
    costed = models.BigIntegerField(help_text="How many said what they cost.")
    cost_nanodollars = models.BigIntegerField()
    credited = models.BigIntegerField(help_text="How many said their credits.")
    credits = models.BigIntegerField()
    sketch = SketchField(help_text="The times of the successes.")

    class Meta:
        db_table = "usage_rollups"
        indexes = [models.Index(fields=["grain", "start"], name="usage_rollups_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(successes__gte=0, successes__lte=models.F("generations"), microseconds__gte=0),
                name="usage_rollups_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_id}, the {self.grain} of {self.start}"


class UsageErrorCount(models.Model):
    """How many generations failed with one code; keyed like the rollups."""

    pk = models.CompositePrimaryKey("model", "grain", "start", "quality", "duration", "error_code")
    model = model_key()
    grain = models.CharField(max_length=5, choices=Grain.choices)
    start = models.DateTimeField()
    quality = models.CharField(max_length=30, blank=True)
    duration = models.PositiveSmallIntegerField()
    error_code = models.CharField(max_length=64)
    failures = models.BigIntegerField()

    class Meta:
        db_table = "usage_error_counts"
        indexes = [models.Index(fields=["grain", "start"], name="usage_error_counts_by_time")]

    def __str__(self) -> str:
        return f"{self.model_id}: {self.error_code}"


class UsageHorizon(models.Model):
    """One row, once retention has dropped generations: those that finished before are only in the sums."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    kept_since = models.DateTimeField()

    class Meta:
        db_table = "usage_horizon"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="usage_horizon_one_row")]

    def __str__(self) -> str:
        return str(self.kept_since)
