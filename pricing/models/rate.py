from decimal import Decimal
from itertools import product
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from models_registry import choices
from models_registry.audit.audited import AuditedQuerySet, in_json
from models_registry.audit.models import State
from models_registry.models import AIModel, CatalogueRow, QualityTier
from models_registry.values import decimal_text

USD = "USD"
TAKEN = "This model has a rate for this already; change that one."
HIGHEST_MINIMUM = Decimal(1_000)  # US dollars
ANY_QUALITY = "*"
WITH_SOUND, WITHOUT_SOUND = "+audio", "-audio"
# What a row says beside its amount, in the order in which it is told; and with it.
DETAILS = ("unit", "minimum_charge", "source", "source_fetched_at", "note")
SAID = ("amount", *DETAILS)


class Layer(models.TextChoices):
    """Where a rate comes from: what was set by hand covers what a provider's list says, and survives it."""

    OVERRIDE = "override", "set by hand"
    UPSTREAM = "upstream", "from a price list"


class Unit(models.TextChoices):
    """What the amount of a rate buys."""

    SECOND = "second", "second"
    CLIP = "clip", "clip"
    MEGAPIXEL_SECOND = "megapixel_second", "megapixel second"
    UNKNOWN = "unknown", "unknown: not quoted"


class RateQuerySet(AuditedQuerySet["Rate"]):
    def by_hand(self) -> "RateQuerySet":
        return self.filter(layer=Layer.OVERRIDE)

    def upstream(self) -> "RateQuerySet":
        return self.filter(layer=Layer.UPSTREAM)

    def at(self, model: int, layer: Layer, *, quality: str | None, with_audio: bool | None) -> "RateQuerySet":
        """The one row for just that, if there is one; `model` is a primary key."""
        of_quality = Q(quality__key=quality) if quality is not None else Q(quality__isnull=True)
        return self.filter(of_quality, model=model, layer=layer, with_audio=with_audio)

    def like(self, rate: "Rate") -> "RateQuerySet":
        """The stored row of the same place."""
        return self.at(rate.model_id, Layer(rate.layer), quality=rate.quality_id, with_audio=rate.with_audio)

    def plain(self) -> "RateQuerySet":
        """Those set by hand for a quality, a second, and nothing else: `{"720p": "0.4"}` says them whole."""
        return self.by_hand().filter(
            quality__isnull=False, with_audio__isnull=True, unit=Unit.SECOND, minimum_charge=0
        )


def _one_of_each_place() -> list[models.BaseConstraint]:
    """A model has one rate in each layer for a quality (or any), with or without sound (or either)."""
    return [
        models.UniqueConstraint(
            fields=["model", "layer", *(["quality"] if quality else []), *(["with_audio"] if audio else [])],
            condition=Q(quality__isnull=not quality, with_audio__isnull=not audio),
            name=f"rates_one_a_place_{'q' if quality else 'any'}_{'a' if audio else 'any'}",
            violation_error_message=TAKEN,
        )
        for quality, audio in product((True, False), repeat=2)
    ]


class Rate(CatalogueRow):
    """What one model costs us, in one quality or any, in place of its price times the multiplier."""

    audit_kind = "rate"

    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="+")
    layer = models.CharField(
        max_length=8, choices=Layer.choices, default=Layer.OVERRIDE, db_default=Layer.OVERRIDE, editable=False
    )
    quality = models.ForeignKey(
        QualityTier,
        on_delete=models.PROTECT,
        related_name="+",
        to_field="key",
        db_column="quality",
        null=True,
        blank=True,
        help_text="Empty: whatever the quality.",
    )
    with_audio = models.BooleanField(
        "with sound",
        null=True,
        blank=True,
        help_text="A rate for sound, or for none, counts only where a quote says which.",
    )
    unit = models.CharField(max_length=16, choices=Unit.choices, default=Unit.SECOND, db_default=Unit.SECOND)
    amount = models.DecimalField(
        "$ per unit",
        max_digits=choices.COST_DIGITS,
        decimal_places=choices.COST_DECIMALS,
        validators=[
            MinValueValidator(choices.LOWEST_COST, "A unit costs more than $0."),
            MaxValueValidator(choices.HIGHEST_COST, "A unit costs at most $%(limit_value)s."),
        ],
    )
    currency = models.CharField(max_length=3, default=USD, db_default=USD, editable=False)
    minimum_charge = models.DecimalField(
        "minimum $",
        max_digits=13,
        decimal_places=choices.COST_DECIMALS,
        default=Decimal(0),
        db_default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(HIGHEST_MINIMUM)],
        help_text="What a generation costs at least.",
    )
    source = models.CharField(
        max_length=500, blank=True, default="", db_default="", help_text="The page or file that says so."
    )
    source_fetched_at = models.DateTimeField(null=True, blank=True, help_text="When it was read, in UTC.")
    note = models.CharField(max_length=2_000, blank=True, default="", db_default="")
    priced_at = models.DateTimeField(editable=False, db_default=Now())

    objects = RateQuerySet.as_manager()

    class Meta:
        db_table = "rates"
        ordering = ["model", "quality__position"]
        constraints = [
            *_one_of_each_place(),
            models.CheckConstraint(
                condition=Q(amount__gte=choices.LOWEST_COST, amount__lte=choices.HIGHEST_COST),
                name="rates_amount_range",
                violation_error_message="A unit costs more than $0 and at most $100.",
            ),
            models.CheckConstraint(
                condition=Q(minimum_charge__gte=0, minimum_charge__lte=HIGHEST_MINIMUM),
                name="rates_minimum_range",
                violation_error_message="A minimum lies between $0 and $1,000.",
            ),
            models.CheckConstraint(
                condition=Q(currency=USD, unit__in=Unit.values, layer__in=Layer.values),
                name="rates_vocabulary",
                violation_error_message="Rates are in USD, by a known unit, in a known layer.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} in {self.place}"

    @property
    def place(self) -> str:
        """What the row is for, as in `720p`, `720p with sound` or `any quality`."""
        sound = {None: "", True: " with sound", False: " without sound"}[self.with_audio]
        return f"{self.quality_id or 'any quality'}{sound}"

    @property
    def words(self) -> str:
        """As in `0.4`, `2 per clip` and `0.05 per megapixel second, at least 1`."""
        unit = "" if self.unit == Unit.SECOND else f" per {self._unit_name}"
        least = f", at least {decimal_text(self.minimum_charge)}" if self.minimum_charge else ""
        return f"{decimal_text(self.amount)}{unit}{least}"

    @property
    def dollars(self) -> str:
        """As in `$0.4 per second` and `$2 per clip, at least $1`."""
        least = f", at least ${decimal_text(self.minimum_charge)}" if self.minimum_charge else ""
        return f"${decimal_text(self.amount)} per {self._unit_name}{least}"

    @property
    def _unit_name(self) -> str:
        return Unit(self.unit).label.split(":")[0]

    @property
    def is_plain(self) -> bool:
        """Does `{"720p": "0.4"}` say it whole? So many dollars a second, set by hand for a quality."""
        is_by_hand = self.layer == Layer.OVERRIDE and self.quality_id is not None
        is_for_both = self.with_audio is None
        return is_by_hand and is_for_both and self.unit == Unit.SECOND and not self.minimum_charge

    @property
    def plain_quality(self) -> str:
        """Of a plain rate, which always has one."""
        return self.quality_id or ""

    @property
    def specificity(self) -> int:
        """How many dimensions the row names; the most specific one that fits wins."""
        return (self.quality_id is not None) + (self.with_audio is not None)

    def audit_subject(self) -> str:
        """Its model's: who asks what a model's price was wants its rates, too."""
        return self.model.model_id

    @property
    def place_name(self) -> str:
        """The place as files and histories name it: `720p`, `720p+audio`, `*-audio`."""
        sound = {None: "", True: WITH_SOUND, False: WITHOUT_SOUND}[self.with_audio]
        return f"{self.quality_id or ANY_QUALITY}{sound}"

    @property
    def audit_name(self) -> str:
        """`rates.720p`, `rates.720p+audio`, `rates.*-audio`; `upstream.720p` for one from a list."""
        book = "rates" if self.layer == Layer.OVERRIDE else "upstream"
        return f"{book}.{self.place_name}"

    @classmethod
    def audit_label(cls, name: str) -> str:
        book, _, rest = name.partition(".")
        if book not in {"rates", "upstream"}:
            return super().audit_label(name)
        place, _, detail = rest.partition(":")
        told = f"$ per second in {place}" if not detail else f"{detail.replace('_', ' ')} of {place}"
        return f"list price: {told}" if book == "upstream" else told

    def audit_state(self) -> State:
        """`{"rates.720p": "0.4"}`, and what else the row says, where it says more than that."""
        name = self.audit_name
        details = {f"{name}:{detail}": in_json(value) for detail, value in self.unusual().items()}
        return {name: decimal_text(self.amount), **details}

    def unusual(self) -> dict[str, Any]:
        """What the row says beside its amount, where that is not as usual."""
        usual = {detail: column.get_default() for detail, column in _columns().items()}
        said = {detail: getattr(self, detail) for detail in DETAILS}
        return {detail: value for detail, value in said.items() if value != usual[detail]}

    @classmethod
    def said_in(cls, state: State) -> dict[str, Any]:
        """The values of a state: the columns that it leaves out are as usual. Raises ValidationError."""
        told = {name.partition(":")[2] or "amount": value for name, value in state.items()}
        return {
            name: column.to_python(told.get(name, column.get_default()))
            for name, column in _columns().items()
        }


def _columns() -> "dict[str, models.Field[Any, Any]]":
    """The columns of what a rate says, by their names."""
    return {column.name: column for column in Rate._meta.concrete_fields if column.name in SAID}
