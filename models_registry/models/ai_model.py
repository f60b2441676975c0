from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower, Now
from django.db.models.lookups import Exact

from models_registry import choices, validation
from models_registry.audit.models import State
from models_registry.choices import Category, Status
from models_registry.models.catalogue_row import CatalogueRow
from models_registry.models.quality_tier import QualityTier
from models_registry.querysets import (
    ActiveManager,
    AIModelManager,
    DefaultManager,
    PremiumManager,
)


def json_is(field: str, kind: str) -> Exact:
    """A condition: the JSON in `field` is an `array` or an `object`, as the database sees it."""
    return Exact(Func(F(field), function="JSON_TYPE", output_field=models.TextField()), Value(kind))


def duration_field(help_text: str) -> "models.PositiveIntegerField[int | None, int | None]":
    return models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[
            MinValueValidator(choices.SHORTEST_DURATION),
            MaxValueValidator(choices.LONGEST_DURATION),
        ],
        help_text=help_text,
    )


FLAGS = tuple(Status.ACTIVE.flags)
# What anonymous callers list, and nearly all there is.
OFFERED = Q(**Status.ACTIVE.flags)


def offered_by(*fields: str) -> models.Index:
    """An index of the models on offer, in the order of `fields`.

    It ends in the key, so that a page far down the list is found without a look at the rows before it.
    """
    return models.Index(
        fields=(*fields, "id"), condition=OFFERED, name=f"models_offered_by_{fields[0].split('_')[0]}"
    )


class AIModel(CatalogueRow):
    """A video model as it is sold: what it is called, what it offers, what a second of it costs."""

    audit_kind = "model"
    audit_summary = ("name", "provider", "cost_per_second", "supported_durations", "supported_qualities")
    # The keys of the quality tiers; who checks many rows asks once and tells each. None: not asked yet.
    known_qualities: Collection[str] | None = None

    # Identification
    model_id = models.CharField(
        "model id",
        max_length=choices.MODEL_ID_LENGTH,
        help_text="As in google/veo-3. Unique regardless of case; it can't be changed later.",
    )
    name = models.CharField(max_length=choices.NAME_LENGTH)
    description = models.TextField(
        blank=True,
        max_length=choices.DESCRIPTION_LENGTH,  # the form's limit; the validator's is everybody's
        validators=[MaxLengthValidator(choices.DESCRIPTION_LENGTH)],
    )
    version = models.CharField(max_length=choices.VERSION_LENGTH, blank=True)

    # Capabilities
    cost_per_second = models.DecimalField(
        "$ per second",
        max_digits=choices.COST_DIGITS,
        decimal_places=choices.COST_DECIMALS,
        validators=[
            MinValueValidator(choices.LOWEST_COST, "A second costs more than $0."),
            MaxValueValidator(choices.HIGHEST_COST, "A second costs at most $%(limit_value)s."),
        ],
        help_text="What we pay, in US dollars a second, before quality multipliers and margin.",
    )
    supported_durations = models.JSONField("durations", help_text="Whole seconds.")
    supported_qualities = models.JSONField("qualities", help_text="Keys of quality tiers.")
    max_duration = duration_field("Seconds; no offered duration may be longer.")
    fixed_duration = duration_field("Seconds; set it if the model makes clips of one length only.")

    # Characteristics
    is_active = models.BooleanField("active", default=True)
    is_premium = models.BooleanField("premium", default=False)
    is_default = models.BooleanField("default", default=False)
    is_deprecated = models.BooleanField("deprecated", default=False)

    # Metadata
    provider = models.CharField(max_length=choices.PROVIDER_LENGTH)
    category = models.CharField(  # noqa: DJ001 - the contract says null, not an empty text, for none
        max_length=20, choices=Category.choices, null=True, blank=True
    )
    tags = models.JSONField(default=list, blank=True)

    # Technical details
    replicate_model_id = models.CharField(
        "Replicate model id", max_length=choices.REPLICATE_ID_LENGTH, help_text="What the backend calls."
    )
    model_parameters = models.JSONField(
        default=dict, blank=True, help_text="A JSON object that is sent along with every generation."
    )
    requirements = models.JSONField(default=dict, blank=True, help_text="A JSON object.")

    # The end of its life, as it is announced
    sunset_at = models.DateTimeField(
        "sunset",
        null=True,
        blank=True,
        help_text="In UTC, to the second. From then on the model is retired, by itself.",
    )
    successor = models.CharField(  # noqa: DJ001 - as with the category: null for none
        max_length=choices.MODEL_ID_LENGTH,
        null=True,
        blank=True,
        help_text=(
            "The id of the model to use instead; everybody is told. A retired default hands over to it."
        ),
    )

    # Timestamps, all by the database's clock but `deprecated_at`; see models_registry.triggers
    created_at = models.DateTimeField(editable=False, db_default=Now())
    updated_at = models.DateTimeField(editable=False, db_default=Now())
    priced_at = models.DateTimeField(
        editable=False, db_default=Now(), help_text="When `cost_per_second` last changed."
    )
    deprecated_at = models.DateTimeField(editable=False, null=True)
    version_number = models.PositiveIntegerField(
        editable=False, db_default=1, help_text="Moves with every change of the row: the optimistic lock."
    )

    objects = AIModelManager()
    active = ActiveManager()
    premium = PremiumManager()
    default = DefaultManager()

    class Meta:
        db_table = "models"
        ordering = ["name", "model_id"]
        verbose_name = "model"
        # What the JSON lists hold is found by an index of PostgreSQL's alone; see migration 0002.
        indexes = [
            models.Index(fields=["name", "model_id"], name="models_by_name"),
            offered_by("name", "model_id"),
            offered_by("provider", "name", "model_id"),
            offered_by("category", "name", "model_id"),
            offered_by("cost_per_second", "model_id"),
            offered_by("created_at", "model_id"),
            models.Index(
                fields=["name", "model_id", "id"],
                condition=OFFERED & Q(is_premium=True),
                name="models_offered_premium",
            ),
            models.Index(
                fields=["sunset_at"],
                condition=Q(is_active=True, sunset_at__isnull=False),
                name="models_awaiting_sunset",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("model_id"),
                name="models_model_id_unique",
                violation_error_message="This id is taken: ids are unique regardless of case.",
            ),
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="models_one_default",
                violation_error_message="Another model is the default.",
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(is_active=True, is_deprecated=False),
                name="models_default_is_active",
                violation_error_message="Only an active, not deprecated model can be the default.",
            ),
            models.CheckConstraint(
                condition=Q(is_deprecated=True, deprecated_at__isnull=False)
                | Q(is_deprecated=False, deprecated_at__isnull=True),
                name="models_deprecated_since",
                violation_error_message="A deprecated model says since when, any other does not.",
            ),
            models.CheckConstraint(
                condition=Q(
                    cost_per_second__gte=choices.LOWEST_COST, cost_per_second__lte=choices.HIGHEST_COST
                ),
                name="models_cost_range",
                violation_error_message="A second costs more than $0 and at most $100.",
            ),
            models.CheckConstraint(
                condition=Q(category__isnull=True) | Q(category__in=Category.values),
                name="models_category_known",
                violation_error_message=f"A category is one of {', '.join(Category.values)}, or null.",
            ),
            models.CheckConstraint(
                condition=Q(fixed_duration__isnull=True)
                | Q(max_duration__isnull=True)
                | Q(fixed_duration__lte=F("max_duration")),
                name="models_fixed_within_max",
                violation_error_message="The fixed duration is longer than the longest one.",
            ),
            models.CheckConstraint(
                condition=~Q(model_id="") & ~Q(name="") & ~Q(provider="") & ~Q(replicate_model_id=""),
                name="models_texts_not_blank",
                violation_error_message="Id, name, provider and Replicate id are never blank.",
            ),
            models.CheckConstraint(
                condition=Q(json_is("supported_durations", "array"))
                & Q(json_is("supported_qualities", "array"))
                & Q(json_is("tags", "array")),
                name="models_lists_are_lists",
                violation_error_message="Durations, qualities and tags are JSON lists.",
            ),
            models.CheckConstraint(
                condition=Q(json_is("model_parameters", "object")) & Q(json_is("requirements", "object")),
                name="models_objects_are_objects",
                violation_error_message="Parameters and requirements are JSON objects.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def audit_subject(self) -> str:
        return self.model_id

    @classmethod
    def audit_action(cls, before: State | None, after: State | None) -> str:
        """The name of the service that does nothing else than this step, else `create` or `change`."""
        if before is None or after is None:
            return super().audit_action(before, after)
        changed = {name for name in after if before.get(name) != after[name]} - {"deprecated_at"}
        if changed == {"is_default"} and after["is_default"]:
            return "make_default"
        flags = {"is_active", "is_deprecated", "is_default"}
        # A sunset that has passed goes when the model comes back.
        ends_sunset = "sunset_at" in changed and after["sunset_at"] is None
        if changed <= (flags | {"sunset_at"} if ends_sunset else flags):
            was, now = (Status.of(**{k: s[k] for k in FLAGS}) for s in (before, after))
            if now == Status.RETIRED != was and not ends_sunset:
                return "retire"
            if was == Status.RETIRED and now == Status.ACTIVE:
                return "restore"
        return "change"

    @property
    def status(self) -> Status:
        return Status.of(is_active=self.is_active, is_deprecated=self.is_deprecated)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Django's checks of each field, but on values of the right type only: `True` is no price."""
        validation.normalise(self)
        skipped = set(exclude or ())
        errors = {
            field: [error] for field, error in validation.wrong_types(self).items() if field not in skipped
        }
        try:
            super().clean_fields(exclude=skipped | errors.keys())
        except ValidationError as error:
            raise ValidationError(error.update_error_dict(errors)) from error
        if errors:
            raise ValidationError(errors)

    def clean(self) -> None:
        """The rules of the row as a whole."""
        known = self.known_qualities
        validation.check_row(
            self, known_qualities=QualityTier.objects.known_keys() if known is None else known
        )
