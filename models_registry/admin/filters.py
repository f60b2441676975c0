"""The list's filters: adjectives of the queryset."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from models_registry.choices import Category, Status
from models_registry.deprecations import DAY
from models_registry.models import QualityTier
from models_registry.querysets import AIModelQuerySet

NO_CATEGORY = "none"


class ListedFilter(admin.SimpleListFilter):
    """A filter that keeps to the choices it shows; any other value leads back to the whole list."""

    template = "admin/models_registry/filter.html"

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> Any:
        value = self.value()
        if value is None:
            return queryset
        if value not in [key for key, _ in self.lookup_choices]:
            raise IncorrectLookupParameters(f"{self.parameter_name} has no choice {value!r}")
        return self.keep(queryset, value)

    def keep(self, rows: Any, value: str) -> Any:
        raise NotImplementedError


class CategoryFilter(ListedFilter):
    title = parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*Category.choices, (NO_CATEGORY, "None")]

    def keep(self, rows: AIModelQuerySet, value: str) -> AIModelQuerySet:
        return rows.filter(category=None) if value == NO_CATEGORY else rows.by_category(value)


class StatusFilter(ListedFilter):
    title = parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Status.choices)

    def keep(self, rows: AIModelQuerySet, value: str) -> AIModelQuerySet:
        return rows.in_status(value)


class SunsetFilter(ListedFilter):
    """Models on sale, by when they go."""

    title = parameter_name = "sunset"
    WITHIN = {"7": "Within 7 days", "30": "Within 30 days", "365": "Within a year"}
    PAST, NO_DATE = "past", "undated"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*self.WITHIN.items(), (self.PAST, "Has passed"), (self.NO_DATE, "Deprecated, no date")]

    def keep(self, rows: AIModelQuerySet, value: str) -> AIModelQuerySet:
        now = timezone.now()
        if value == self.NO_DATE:
            return rows.in_status(Status.DEPRECATED).filter(sunset_at=None)
        if value == self.PAST:
            return rows.sold().filter(sunset_at__lte=now)
        return rows.sold().filter(sunset_at__gt=now, sunset_at__lte=now + int(value) * DAY)


class ProviderFilter(ListedFilter):
    title = parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        providers = model_admin.get_queryset(request).order_by("provider")
        return [(name, name) for name in providers.values_list("provider", flat=True).distinct()]

    def keep(self, rows: AIModelQuerySet, value: str) -> AIModelQuerySet:
        return rows.by_provider(value)


class QualityFilter(ListedFilter):
    """Models that offer the quality, with whatever others."""

    title = parameter_name = "quality"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        tiers = QualityTier.objects.order_by("position", "key").values_list("key", flat=True)
        return [(key, key) for key in tiers]

    def keep(self, rows: AIModelQuerySet, value: str) -> AIModelQuerySet:
        return rows.by_quality(value)


class PremiumFilter(ListedFilter):
    title = parameter_name = "premium"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def keep(self, rows: AIModelQuerySet, value: str) -> AIModelQuerySet:
        return rows.filter(is_premium=value == "yes")
