from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from models_registry import services
from models_registry.admin.history import HistoricAdmin
from models_registry.admin.writes import note_refusal
from models_registry.errors import TierInUse
from models_registry.models import QualityTier
from models_registry.values import decimal_text


class QualityTierAdmin(HistoricAdmin):
    """What the catalogue knows of a tier; whoever puts the admin together adds what becomes of prices."""

    fields = ("key", "label", "position", "cost_multiplier", "megapixels")
    list_display = ("key", "label", "position", "multiplier")
    ordering = ("position", "key")
    as_text = {"cost_multiplier": "multiplier", "megapixels": "pixels"}
    stays = {"key": "a key never changes."}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    @admin.display(description="cost multiplier", ordering="cost_multiplier")
    def multiplier(self, tier: QualityTier) -> str:
        return decimal_text(tier.cost_multiplier)

    @admin.display(description="megapixels")
    def pixels(self, tier: QualityTier) -> str:
        return "–" if tier.megapixels is None else decimal_text(tier.megapixels)

    def change(self, obj: QualityTier, form: Any) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        if changes:
            services.revise_tier(obj, changes, confirmed=form.confirmed)

    def restore(self, obj: QualityTier, values: dict[str, Any], *, confirmed: bool) -> None:
        services.revise_tier(obj, values, confirmed=confirmed)

    def get_deleted_objects(self, objs: Iterable[QualityTier], request: HttpRequest) -> Any:
        """Django finds the rates that use a tier; that models offer it, only the service knows."""
        *found, protected = super().get_deleted_objects(objs, request)  # type: ignore[arg-type]
        users = [*protected, *_uses(objs)]
        if users and request.POST.get("post"):
            note_refusal(request, TierInUse)
        return *found, users

    def delete_model(self, request: HttpRequest, obj: QualityTier) -> None:
        services.delete_tier(obj)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[QualityTier]") -> None:
        for tier in queryset:
            services.delete_tier(tier)


def _uses(tiers: Iterable[QualityTier]) -> Iterable[str]:
    for tier in tiers:
        try:
            services.refuse_tier_in_use(tier.key)
        except TierInUse as refusal:
            yield refusal.message
