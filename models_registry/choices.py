"""The catalogue's vocabularies and limits; no ORM here."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import TextChoices


class Category(TextChoices):
    PREMIUM = "premium"
    BUDGET = "budget"
    EXPERIMENTAL = "experimental"


class Status(TextChoices):
    """Where a model stands in its life; derived from `is_active` and `is_deprecated`."""

    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"

    @classmethod
    def of(cls, *, is_active: bool, is_deprecated: bool) -> "Status":
        if is_active:
            return cls.DEPRECATED if is_deprecated else cls.ACTIVE
        return cls.RETIRED if is_deprecated else cls.DRAFT

    @property
    def flags(self) -> dict[str, bool]:
        """The two stored flags that this status is read from."""
        return {
            "is_active": self in {Status.ACTIVE, Status.DEPRECATED},
            "is_deprecated": self in {Status.DEPRECATED, Status.RETIRED},
        }


# An id whose route another endpoint would swallow can never be read back, so it is refused at creation.
RESERVED_MODEL_IDS = frozenset({"default", "premium", "stats", "deprecations"})
RESERVED_LAST_SEGMENTS = frozenset({"validate", "stats", "history", "generations", "default", "restore"})

# Usage figures that stand beside a model's fields: who sends them is told that they are not written.
STATISTICS = frozenset(
    {"total_generations", "successful_generations", "average_generation_time", "success_rate"}
)

MODEL_ID_LENGTH = 200
MODEL_ID_SEGMENTS = 6
NAME_LENGTH = 200
DESCRIPTION_LENGTH = 5_000
PROVIDER_LENGTH = 100
VERSION_LENGTH = 50
REPLICATE_ID_LENGTH = 300
TAGS = 50
TAG_LENGTH = 50
DURATIONS = 50
SHORTEST_DURATION = 1  # seconds
LONGEST_DURATION = 3_600  # seconds
JSON_BYTES = 64 * 1024
JSON_DEPTH = 32

# Published price lists go down to nine decimals of a dollar a second.
COST_DECIMALS = 9
COST_DIGITS = 12
HIGHEST_COST = Decimal(100)  # US dollars a second
LOWEST_COST = Decimal(1).scaleb(-COST_DECIMALS)

# What lies outside is a slip of the pen.
EARLIEST_SUNSET, LATEST_SUNSET = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

MULTIPLIER_DECIMALS = 6
MULTIPLIER_DIGITS = 10
HIGHEST_MULTIPLIER = Decimal(1_000)
LOWEST_MULTIPLIER = Decimal(1).scaleb(-MULTIPLIER_DECIMALS)

MEGAPIXEL_DECIMALS = 6
MEGAPIXEL_DIGITS = 10
HIGHEST_MEGAPIXELS = Decimal(1_000)
LOWEST_MEGAPIXELS = Decimal(1).scaleb(-MEGAPIXEL_DECIMALS)
