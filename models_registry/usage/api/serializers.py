"""What may be asked about usage, and how figures are told."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from models_registry import choices
from models_registry.api.query import TextField, WholeNumberField
from models_registry.api.serializers import MoneyField
from models_registry.choices import Category
from models_registry.usage.figures import MOST_CODES, NO_CODE, OTHER_CODES, By, Row
from models_registry.usage.periods import EARLIEST, LATEST
from models_registry.usage.windows import MOST_PERIODS, Per

# --- Questions -------------------------------------------------------------------------------------------


@extend_schema_field({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]})
class MomentField(serializers.CharField):
    """A date or a time, still to be read by `read_window`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, trim_whitespace=False, **kwargs)


class WindowQuery(serializers.Serializer[Any]):
    """From when to when."""

    def get_fields(self) -> dict[str, serializers.Field]:
        reach = f"Between {EARLIEST.date()} and {LATEST.date()}."
        return {
            "from": MomentField(
                help_text="A date, which is its midnight in UTC, or a time with its zone, rounded down to a "
                f"whole hour in UTC. {reach}"
            ),
            "to": MomentField(help_text=f"Like `from`, but excluded, and rounded up. {reach}"),
            **super().get_fields(),
        }


class SummaryQuery(WindowQuery):
    """Which generations, and how they are told apart."""

    by = serializers.ChoiceField(
        choices=By.values,
        required=False,
        help_text="One row each. A model stands under the provider and category that it has today.",
    )
    per = serializers.ChoiceField(
        choices=Per.values,
        required=False,
        help_text=f"One row each, in UTC, at most {MOST_PERIODS:,} of them; a week begins on Monday.",
    )
    model_id = TextField(required=False, help_text="Of this model alone, whatever its status.")
    provider = TextField(required=False, help_text="Of models that are of this provider today.")
    category = serializers.ChoiceField(
        choices=Category.choices, required=False, help_text="Of models that are in this category today."
    )
    quality = TextField(required=False, help_text="The key of a quality tier.")
    duration = WholeNumberField(
        required=False,
        min_value=choices.SHORTEST_DURATION,
        max_value=choices.LONGEST_DURATION,
        help_text="Seconds of video.",
    )


# --- Answers ---------------------------------------------------------------------------------------------


def percent(**more: Any) -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=100, **more)


def seconds(**more: Any) -> serializers.FloatField:
    return serializers.FloatField(min_value=0, allow_null=True, **more)


class ModelStatsSerializer(serializers.Serializer[Any]):
    model_id = serializers.CharField(source="model.model_id")
    name = serializers.CharField(source="model.name")
    total_generations = serializers.IntegerField(source="figures.generations")
    successful_generations = serializers.IntegerField(source="figures.successes")
    average_generation_time = seconds(
        source="figures.average_time",
        help_text="Seconds, over all generations; null before the first one.",
    )
    success_rate = percent(
        source="figures.success_rate", allow_null=True, help_text="Percent; null before the first generation."
    )


class ListedStatsSerializer(ModelStatsSerializer):
    cost_per_second = MoneyField(source="model.cost_per_second", help_text="US dollars a second.")
    is_premium = serializers.BooleanField(source="model.is_premium")
    is_default = serializers.BooleanField(source="model.is_default")


class IntervalSerializer(serializers.Serializer[Any]):
    low = percent()
    high = percent()


class GenerationTimeSerializer(serializers.Serializer[Any]):
    mean = seconds()
    p50 = seconds()
    p90 = seconds()
    p95 = seconds()
    p99 = seconds()


class QueueTimeSerializer(serializers.Serializer[Any]):
    mean = seconds(source="mean_queue_time")


class ReportedSerializer(serializers.Serializer[Any]):
    queue_time = serializers.IntegerField(source="queued")
    cost_usd = serializers.IntegerField(source="costed")
    credits = serializers.IntegerField(source="credited")


def key_fields() -> dict[By, tuple[str, serializers.Field]]:
    """What a row's key is called, and how it is told."""
    nobody = "null if nobody said."
    return {
        By.MODEL: ("model_id", serializers.CharField(source="key", required=False)),
        By.PROVIDER: ("provider", serializers.CharField(source="key", required=False)),
        By.CATEGORY: (
            "category",
            serializers.ChoiceField(
                choices=Category.choices,
                source="key",
                required=False,
                allow_null=True,
                help_text="null for models of none.",
            ),
        ),
        By.QUALITY: (
            "quality",
            serializers.CharField(source="key", required=False, allow_null=True, help_text=nobody),
        ),
        By.DURATION: (
            "duration",
            serializers.IntegerField(source="key", required=False, allow_null=True, help_text=nobody),
        ),
    }


class SummaryRowSerializer(serializers.Serializer[Any]):
    """What was generated in one period; of `model_id` to `duration` a row has the one that was asked `by`."""

    generations = serializers.IntegerField(source="figures.generations")
    successes = serializers.IntegerField(source="figures.successes")
    success_rate = percent(source="figures.success_rate", help_text="Percent.")
    success_rate_interval = serializers.SerializerMethodField(
        help_text="Wilson's 95 % score interval of the rate, in percent: wide while there are few."
    )
    generation_time = serializers.SerializerMethodField(
        help_text="Seconds, over the successes; null without any. The mean is exact, percentiles are at most "
        "1 % beside the truth."
    )
    queue_time = QueueTimeSerializer(source="figures", help_text="Seconds, over those that said.")
    credits = serializers.IntegerField(
        source="figures.credits_total", allow_null=True, help_text="Their sum; null if nobody said."
    )
    cost_usd = MoneyField(
        source="figures.cost_usd", allow_null=True, help_text="US dollars, exactly; null if nobody said."
    )
    reported = ReportedSerializer(source="figures", help_text="How many generations said each of these.")
    error_codes = serializers.DictField(
        child=serializers.IntegerField(),
        source="figures.error_codes",
        help_text=f"Failures by code, the most frequent first: at most {MOST_CODES}, then `{OTHER_CODES}` "
        f"for all other codes and `{NO_CODE}` for failures without a code, where there are such.",
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        period = {
            "from": serializers.DateTimeField(source="start", help_text="Where what was summed up begins."),
            "to": serializers.DateTimeField(source="end", help_text="Where it ends; excluded."),
        }
        keys = key_fields()
        asked = [self.context["by"]] if "by" in self.context else keys
        return {**period, **dict(keys[by] for by in asked if by), **super().get_fields()}

    @extend_schema_field(IntervalSerializer)
    def get_success_rate_interval(self, row: Row) -> dict[str, float]:
        return dict(zip(("low", "high"), row.figures.success_interval or (), strict=True))

    @extend_schema_field(GenerationTimeSerializer)
    def get_generation_time(self, row: Row) -> dict[str, float | None]:
        return {"mean": row.figures.mean_time, **row.figures.percentiles()}
