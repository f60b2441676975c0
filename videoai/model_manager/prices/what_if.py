"""What would become of prices, in the forms of the policy and of a quality tier, before they are saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from models_registry.admin.history import HistoricAdmin
from models_registry.admin.quality_tier import QualityTierAdmin
from models_registry.models import QualityTier
from models_registry.usage.recent import LATELY
from pricing.admin import PricingPolicyAdmin
from pricing.guards import OF_POLICY, OF_TIER
from pricing.models import PricingPolicy
from pricing.moves import Move
from pricing.preview import Supposition, WhatIf, preview
from videoai.model_manager.prices.tab import PREVIEW
from videoai.model_manager.prices.takings import takings_text

MOST_SHOWN = 200


@dataclass(frozen=True)
class Effect:
    """What a page tells of a change that was not made."""

    found: WhatIf

    @property
    def shown(self) -> Sequence[Move]:
        return self.found.affected[:MOST_SHOWN]

    @property
    def more(self) -> int:
        return max(0, len(self.found.affected) - MOST_SHOWN)

    @property
    def sentences(self) -> list[str]:
        return [self.found.in_short, self._dollars]

    @property
    def _dollars(self) -> str:
        return takings_text(self.found.takings) or f"Nothing was generated in the last {LATELY} days."


class WhatIfPage(HistoricAdmin):
    """A form with a button that shows the effect of what was typed; nothing is saved by that."""

    def supposition(self, form: Any) -> Supposition:
        raise NotImplementedError

    def in_line(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Looking keeps no writer waiting."""
        if PREVIEW in request.POST:
            view, *rest = args
            answer: HttpResponse = view(request, *rest, **kwargs)
            return answer
        return super().in_line(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.looks_only = PREVIEW in request.POST
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj, form = kwargs["obj"], context["adminform"].form
        context["can_preview"] = obj is not None and self.has_change_permission(request, obj)
        if context["can_preview"] and form.looks_only and not form.errors:
            context["effect"] = Effect(preview(self.supposition(form), now=timezone.now()))
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(PricingPolicy)
class PolicyPage(WhatIfPage, PricingPolicyAdmin):
    def supposition(self, form: Any) -> Supposition:
        return Supposition(policy={name: form.cleaned_data[name] for name in OF_POLICY})


@admin.register(QualityTier)
class TierPage(WhatIfPage, QualityTierAdmin):
    def supposition(self, form: Any) -> Supposition:
        columns = {name: form.cleaned_data[name] for name in OF_TIER}
        return Supposition(tiers={form.instance.key: columns})
