"""The way back to the list, on the page of an entry whose model's price was set by hand."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from models_registry.admin.forms import ANSWER, REFUSALS, refusal_words
from models_registry.admin.history import HistoricAdmin
from models_registry.admin.writes import confirming, note_refusal, reason_form, refusals
from models_registry.values import decimal_text
from pricing.admin import named
from pricing.models import UpstreamModel
from pricing.upstream import services

FOLLOW = "pricing_upstreammodel_follow"


class FollowPage(HistoricAdmin):
    """Shows which price the model will get, and lets it follow the list once that is confirmed."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.follow_view)
        return [path("<path:object_id>/follow/", view, name=FOLLOW), *super().get_urls()]

    def can_follow(self, request: HttpRequest, listed: UpstreamModel) -> bool:
        """Is there a price to follow, which the model does not, and may this person set its price?"""
        return (
            self._may_price(request, listed)
            and listed.cost_per_second is not None
            and not listed.sets_price_of(listed.model)
        )

    def _may_price(self, request: HttpRequest, listed: UpstreamModel) -> bool:
        user: Any = request.user
        may_change = bool(user.has_perm("models_registry.change_aimodel"))
        return may_change and self.has_view_permission(request, listed)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        listed = context.get("original")
        context["can_follow"] = listed is not None and self.can_follow(request, listed)
        return super().render_change_form(request, context, *args, **kwargs)

    def follow_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.in_line(request, self._follow_view, object_id)

    def _follow_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        listed = self._found(request, object_id)
        if not self._may_price(request, listed):
            raise PermissionDenied
        problems: list[str] = []
        if request.method == "POST":
            problems = self._try_to_follow(request, listed)
            if not problems:
                told = f"{named(listed.model)} follows {listed} again."
                self.log_change(request, listed, told)
                self.message_user(request, told, messages.SUCCESS)
                return redirect(reverse("admin:pricing_upstreammodel_change", args=[listed.pk]))
            listed = self._found(request, object_id)
        cost = listed.cost_per_second
        context = {
            "title": f"Follow the list again: {listed}",
            "model_named": named(listed.model),
            "now": decimal_text(listed.model.cost_per_second),
            "then": "–" if cost is None else decimal_text(cost),
            "problems": problems,
            "can_follow": self.can_follow(request, listed),
            "question": refusals(request).get(listed.pk),
            "answer_name": ANSWER,
            "reason_form": reason_form(request),
        }
        return self._page(request, "admin/pricing_upstream/follow.html", listed, context)

    def _try_to_follow(self, request: HttpRequest, listed: UpstreamModel) -> list[str]:
        """Why it was not done; empty: it was."""
        if not reason_form(request).is_valid():
            return ["Nothing was changed: the reason can't be kept as it is."]
        answer = request.POST.get(ANSWER, "")
        try:
            confirming(answer, lambda confirmed: _follow(listed, confirmed=confirmed))
        except REFUSALS as refusal:
            note_refusal(request, refusal)
            refusals(request)[listed.pk] = refusal
            return ["Nothing was changed.", *refusal_words(UpstreamModel, refusal)]
        return []


def _follow(listed: UpstreamModel, *, confirmed: bool) -> None:
    services.follow(listed, confirmed=confirmed)
