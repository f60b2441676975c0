"""The list's filters: adjectives of the querysets, with strict values."""

from decimal import Decimal
from typing import Any

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request

from models_registry import choices
from models_registry.api.query import LONGEST_TEXT, PAGE_PARAMETERS, refuse_unknown
from models_registry.choices import Category, Status
from models_registry.models import AIModel
from models_registry.querysets import AIModelQuerySet

BOOLEANS = {"true": True, "false": False}


class WholeSecondsField(forms.IntegerField):
    """A duration that some model could offer, in ASCII digits."""

    default_validators = [
        MinValueValidator(choices.SHORTEST_DURATION),
        MaxValueValidator(choices.LONGEST_DURATION),
    ]

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        RegexValidator(r"\A[0-9]{1,9}\Z", "%(value)s is not a whole number of seconds.")(value)
        return int(value)


class DollarsField(forms.CharField):
    """An amount such as 0.18; no sign, no exponent."""

    default_validators = [
        RegexValidator(r"\A[0-9]{1,9}(\.[0-9]{1,18})?\Z", "%(value)s is not an amount such as 0.18.")
    ]


class WholeSecondsFilter(django_filters.Filter):
    field_class = WholeSecondsField


class DollarsFilter(django_filters.Filter):
    field_class = DollarsField


class RepeatableField(forms.Field):
    """All the values that were given for one parameter."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> list[str]:
        return [forms.CharField(max_length=LONGEST_TEXT, strip=False).clean(item) for item in value or []]


class RepeatableFilter(django_filters.Filter):
    field_class = RepeatableField


class StatusField(forms.CharField):
    """One or more statuses, joined by commas."""

    def clean(self, value: Any) -> list[str]:
        statuses = value.split(",") if value else []
        for status in statuses:
            if status not in Status.values:
                raise forms.ValidationError(
                    f"{status!r} is no status. There are: {', '.join(Status.values)}.", "invalid_choice"
                )
        return statuses


class StatusFilter(django_filters.Filter):
    field_class = StatusField


class TotalOrderingFilter(django_filters.OrderingFilter):
    """Orders by what was asked for, then by id, so that pages never overlap."""

    def filter(self, qs: AIModelQuerySet, value: list[str] | None) -> AIModelQuerySet:
        ordering = [self.get_ordering_value(name) for name in value or ["name"]]
        return qs.order_by(*ordering, "model_id")


def literal_text(**kwargs: Any) -> django_filters.CharFilter:
    return django_filters.CharFilter(max_length=LONGEST_TEXT, strip=False, **kwargs)


class AIModelFilter(django_filters.FilterSet):
    provider = literal_text(method="keep_provider", help_text="Exactly this provider.")
    category = django_filters.ChoiceFilter(choices=Category.choices)
    tag = RepeatableFilter(method="keep_tags", help_text="Repeat it to ask for several; all must match.")
    quality = literal_text(method="keep_quality", help_text="The key of a quality tier.")
    duration = WholeSecondsFilter(method="keep_duration", help_text="Whole seconds.")
    is_premium = django_filters.TypedChoiceFilter(
        choices=[(word, word) for word in BOOLEANS], coerce=BOOLEANS.get, help_text="true or false"
    )
    max_cost_per_second = DollarsFilter(method="keep_affordable", help_text="US dollars a second.")
    search = literal_text(
        method="keep_matching", help_text="Literal text in id, name, description, provider, tags."
    )
    status = StatusFilter(
        method="keep_status",
        help_text="Needs catalogue rights. Of draft, active, deprecated, retired: one or more, with commas.",
    )
    ordering = TotalOrderingFilter(fields=["name", "cost_per_second", "provider", "created_at"])

    class Meta:
        model = AIModel
        fields: list[str] = []

    def keep_provider(self, models: AIModelQuerySet, name: str, value: str) -> AIModelQuerySet:
        return models.by_provider(value)

    def keep_tags(self, models: AIModelQuerySet, name: str, value: list[str]) -> AIModelQuerySet:
        return models.by_tag(*value)

    def keep_quality(self, models: AIModelQuerySet, name: str, value: str) -> AIModelQuerySet:
        return models.by_quality(value)

    def keep_duration(self, models: AIModelQuerySet, name: str, value: int) -> AIModelQuerySet:
        return models.by_duration(value)

    def keep_affordable(self, models: AIModelQuerySet, name: str, value: str) -> AIModelQuerySet:
        return models.costing_at_most(Decimal(value))

    def keep_matching(self, models: AIModelQuerySet, name: str, value: str) -> AIModelQuerySet:
        return models.matching(value)

    def keep_status(self, models: AIModelQuerySet, name: str, value: list[str]) -> AIModelQuerySet:
        return models.in_status(*value) if value else models


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter, but a parameter that no filter reads is an error."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        refuse_unknown(
            request.query_params,
            known=PAGE_PARAMETERS | view.filterset_class.base_filters.keys(),
            repeatable={"tag"},
            may_be_empty={"search"},
        )
        return super().filter_queryset(request, queryset, view)
