"""The list's filters: adjectives of the querysets, with strict values."""

import re
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any, TypeVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from models_registry import choices
from models_registry.api.query import LONGEST_TEXT, PAGE_PARAMETERS, TEXT_SCHEMA, refuse_unknown
from models_registry.choices import Category, Status
from models_registry.models import AIModel
from models_registry.querysets import AIModelQuerySet
from models_registry.values import shown

BOOLEANS = {"true": True, "false": False}
DIGITS = re.compile(r"[0-9]{1,9}")
AMOUNT = r"[0-9]{1,9}(\.[0-9]{1,18})?"

ORDERINGS = [
    sign + field for field in ("name", "cost_per_second", "provider", "created_at") for sign in ("", "-")
]

F = TypeVar("F", bound=Callable[..., Any])


class WholeSecondsField(forms.IntegerField):
    """A duration that some model could offer, in ASCII digits."""

    default_validators = [
        MinValueValidator(choices.SHORTEST_DURATION),
        MaxValueValidator(choices.LONGEST_DURATION),
    ]

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        if not DIGITS.fullmatch(value):
            raise forms.ValidationError(f"{shown(value)} is not a whole number of seconds.", "invalid")
        return int(value)


class DollarsField(forms.CharField):
    """An amount such as 0.18; no sign, no exponent."""

    def clean(self, value: Any) -> str:
        if value and not re.fullmatch(AMOUNT, value):
            raise forms.ValidationError(f"{shown(value)} is not an amount such as 0.18.", "invalid")
        return str(value or "")


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


class ListedWordsField(forms.CharField):
    """One or more of some words, joined by commas."""

    def __init__(self, *, words: Collection[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words

    def clean(self, value: Any) -> list[str]:
        chosen = value.split(",") if value else []
        for word in chosen:
            if word not in self.words:
                raise forms.ValidationError(
                    f"{shown(word)} is none of {', '.join(self.words)}.", "invalid_choice"
                )
        return chosen


class ListedWordsFilter(django_filters.Filter):
    field_class = ListedWordsField


class LiteralTextFilter(django_filters.CharFilter):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_TEXT, strip=False, **kwargs)


def listed(words: Collection[str]) -> dict[str, Any]:
    """The schema of what `ListedWordsField` reads."""
    one = "|".join(words)
    return {"type": "string", "pattern": f"^({one})(,({one}))*$"}


def documented(description: str, schema: dict[str, Any]) -> Callable[[F], F]:
    """Describe the parameter that the decorated method filters by, as strictly as its filter reads it."""
    return extend_schema_field({**schema, "description": description})


class AIModelFilter(django_filters.FilterSet):
    provider = LiteralTextFilter(method="keep_provider")
    category = django_filters.ChoiceFilter(choices=Category.choices)
    tag = RepeatableFilter(method="keep_tags")
    quality = LiteralTextFilter(method="keep_quality")
    duration = WholeSecondsFilter(method="keep_duration")
    is_premium = django_filters.ChoiceFilter(
        choices=[(word, word) for word in BOOLEANS], method="keep_premium"
    )
    max_cost_per_second = DollarsFilter(method="keep_affordable")
    search = LiteralTextFilter(method="keep_matching")
    status = ListedWordsFilter(method="keep_status", words=Status.values)
    ordering = ListedWordsFilter(method="order", words=ORDERINGS)

    class Meta:
        model = AIModel
        fields: list[str] = []

    @documented("Exactly this provider.", TEXT_SCHEMA)
    def keep_provider(self, models: AIModelQuerySet, name: str, value: str) -> AIModelQuerySet:
        return models.by_provider(value)

    @documented("Repeat it to ask for several; all must match.", {"type": "array", "items": TEXT_SCHEMA})
    def keep_tags(self, models: AIModelQuerySet, name: str, value: list[str]) -> AIModelQuerySet:
        return models.by_tag(*value)

    @documented("The key of a quality tier.", TEXT_SCHEMA)
    def keep_quality(self, models: AIModelQuerySet, name: str, value: str) -> AIModelQuerySet:
        return models.by_quality(value)

    @documented(
        "Whole seconds.",
        {"type": "integer", "minimum": choices.SHORTEST_DURATION, "maximum": choices.LONGEST_DURATION},
    )
    def keep_duration(self, models: AIModelQuerySet, name: str, value: int) -> AIModelQuerySet:
        return models.by_duration(value)

    @documented("true or false.", {"type": "boolean"})
    def keep_premium(self, models: AIModelQuerySet, name: str, value: str) -> AIModelQuerySet:
        return models.filter(is_premium=BOOLEANS[value])

    @documented("US dollars a second, at most.", {"type": "string", "pattern": rf"^{AMOUNT}$"})
    def keep_affordable(self, models: AIModelQuerySet, name: str, value: str) -> AIModelQuerySet:
        return models.costing_at_most(Decimal(value))

    @documented(
        "Literal text in id, name, description, provider or tags.",
        {**TEXT_SCHEMA, "minLength": 0, "pattern": r"^[^\u0000]*$"},
    )
    def keep_matching(self, models: AIModelQuerySet, name: str, value: str) -> AIModelQuerySet:
        return models.matching(value)

    @documented(
        "Needs catalogue rights. One or more, joined by commas.",
        listed(Status.values),
    )
    def keep_status(self, models: AIModelQuerySet, name: str, value: list[str]) -> AIModelQuerySet:
        return models.in_status(*value)

    @documented("By which fields, joined by commas; with - the other way round.", listed(ORDERINGS))
    def order(self, models: AIModelQuerySet, name: str, value: list[str]) -> AIModelQuerySet:
        """By what was asked for, then by id, so that pages never overlap."""
        return models.order_by(*value, "model_id")


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter, but a parameter that no filter reads is an error."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        refuse_unknown(
            request.query_params,
            known=PAGE_PARAMETERS | view.filterset_class.base_filters.keys(),
            repeatable={"tag"},
            may_be_empty={"search"},
        )
        filterset = self.get_filterset(request, queryset, view)
        if not filterset.is_valid():
            # Not by the base class, which fills in messages: one that quotes a `%` would break it.
            raise ValidationError(filterset.errors.as_data())
        return filterset.qs
