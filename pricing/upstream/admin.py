from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from models_registry.admin.filters import ListedFilter
from models_registry.admin.forms import REFUSALS, refusal_words
from models_registry.admin.guards import LookedAtAdmin
from models_registry.admin.history import HistoricAdmin
from models_registry.admin.writes import note_refusal, reason_form
from models_registry.audit.models import AuditEntry, AuditEntryQuerySet
from models_registry.transactions import whole
from models_registry.values import decimal_text, moment_text
from pricing.admin import named
from pricing.errors import CatalogueBusy
from pricing.models import UpstreamModel
from pricing.upstream import services
from pricing.upstream.consequences import Consequences, consequences_of
from pricing.upstream.follow_page import FollowPage
from pricing.upstream.models import HeldPrice, State

LIST = "admin:pricing_upstream_heldprice_changelist"
DEEDS = {"approve": services.approve, "reject": services.reject}
DONE = {"approve": "approved", "reject": "rejected"}


class KeptByLists(LookedAtAdmin, HistoricAdmin):
    """Rows that syncs write; whoever may see rates may see them."""

    seen_with = ("pricing.view_rate", "pricing.change_rate")

    def history_of(self, obj: Any) -> AuditEntryQuerySet:
        """Its own: the rows of a model share a subject."""
        return AuditEntry.objects.about(obj.audit_kind, subject=obj.audit_subject()).of_row(
            obj.audit_kind, obj.pk
        )


class StateFilter(ListedFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.value.capitalize()) for state in State]

    def keep(self, rows: Any, value: str) -> Any:
        return rows.filter(state=value)


@admin.register(HeldPrice)
class HeldPriceAdmin(KeptByLists):
    """Prices of a list that wait; approved or rejected one by one, or those that are ticked."""

    list_display = ("model_named", "place", "was", "would_be", "moves", "why", "list_name", "state_text")
    list_filter = (StateFilter,)
    filter_lookups = ("state",)
    list_select_related = ("model",)
    search_fields = ("model__name", "model__model_id", "list_name")
    ordering = ("-pk",)
    sortable_by = ()
    actions = ("approve_ticked", "reject_ticked")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("pricing.change_rate"))

    # --- Columns -----------------------------------------------------------------------------------------

    @admin.display(description="model")
    def model_named(self, held: HeldPrice) -> str:
        return named(held.model)

    @admin.display(description="for")
    def place(self, held: HeldPrice) -> str:
        return held.spot.words

    @admin.display(description="$ in the list before")
    def was(self, held: HeldPrice) -> str:
        return held.before.words

    @admin.display(description="$ in the list now")
    def would_be(self, held: HeldPrice) -> str:
        return held.after.words

    @admin.display(description="moves")
    def moves(self, held: HeldPrice) -> str:
        return held.factor or "–"

    @admin.display(description="state")
    def state_text(self, held: HeldPrice) -> str:
        return held.state

    # --- Deciding ----------------------------------------------------------------------------------------

    @admin.action(description="Approve: let the list’s price count", permissions=["decide"])
    def approve_ticked(self, request: HttpRequest, held: "QuerySet[HeldPrice]") -> None:
        self._decide_all(request, held, "approve")

    @admin.action(description="Reject: keep the price of now", permissions=["decide"])
    def reject_ticked(self, request: HttpRequest, held: "QuerySet[HeldPrice]") -> None:
        self._decide_all(request, held, "reject")

    def _decide_all(self, request: HttpRequest, held: "QuerySet[HeldPrice]", deed: str) -> None:
        done = 0
        for one in held.order_by("pk"):
            problems = self._decide(request, one, deed)
            done += not problems
            for problem in problems:
                self.message_user(request, problem, messages.ERROR)
        if done:
            told = f"{done} list {'price' if done == 1 else 'prices'} {DONE[deed]}."
            self.message_user(request, told, messages.SUCCESS)

    def _decide(self, request: HttpRequest, held: HeldPrice, deed: str) -> list[str]:
        """Why it was not done; empty: it was."""

        @whole
        def decide() -> None:
            DEEDS[deed](held)
            self.log_change(request, held, f"{DONE[deed].capitalize()}.")

        try:
            decide()
        except REFUSALS as refusal:
            note_refusal(request, refusal)
            return [f"{held} was not {DONE[deed]}. {told}" for told in refusal_words(HeldPrice, refusal)]
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The proposal with all that is known of it, and the two answers."""
        return self.in_line(request, self._decision_view, object_id)

    def _decision_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        held = self._found(request, object_id)
        if not self.has_view_permission(request, held):
            raise PermissionDenied
        problems: list[str] = []
        if request.method == "POST":
            problems = self._answer(request, held)
            if not problems:
                return redirect(self._list_address(request))
            held = self._found(request, object_id)
        context = {
            "title": f"{'Price to approve' if held.state == State.WAITING else 'List price'}: {held}",
            "held": held,
            "model_named": named(held.model),
            "problems": problems,
            "can_decide": self.has_decide_permission(request) and held.state == State.WAITING,
            "reason_form": reason_form(request),
            "consequences": self._consequences(held),
            "list_address": self._list_address(request),
        }
        return self._page(request, "admin/pricing_upstream/held_price.html", held, context)

    def _list_address(self, request: HttpRequest) -> str:
        """Filtered as it was when its reader left it."""
        kept: dict[str, Any] = {"preserved_filters": self.get_preserved_filters(request), "opts": self.opts}
        return add_preserved_filters(kept, reverse(LIST))

    def _consequences(self, held: HeldPrice) -> Consequences | None:
        """Of one that waits; None also while prices are being changed without a pause."""
        if held.state == State.WAITING:
            with suppress(CatalogueBusy):
                return consequences_of(held)
        return None

    def _answer(self, request: HttpRequest, held: HeldPrice) -> list[str]:
        if not self.has_decide_permission(request):
            raise PermissionDenied
        deed = request.POST.get("deed", "")
        if deed not in DEEDS:
            return ["Nothing was changed: say whether to approve or to reject."]
        if not reason_form(request).is_valid():
            return ["Nothing was changed: the reason can't be kept as it is."]
        problems = self._decide(request, held, deed)
        if not problems:
            self.message_user(request, f"{held}: {DONE[deed]}.", messages.SUCCESS)
        return problems


@admin.register(UpstreamModel)
class UpstreamModelAdmin(FollowPage, KeptByLists):
    """What lists say of models, to be read; whatever a list says is changed by reading it again."""

    list_display = ("model_named", "list_name", "key", "price", "own_price_set", "leaves_on")
    list_display_links = ("model_named",)
    list_select_related = ("model",)
    search_fields = ("model__name", "model__model_id", "key")
    ordering = ("model__name", "model__model_id")
    sortable_by = ("model_named", "key", "leaves_on")
    fields = (
        *("model_named", "list_name", "key", "price", "own_price_set", "leaves_on"),
        *("source", "fetched", "notes_text"),
    )
    readonly_fields = ("model_named", "price", "own_price_set", "leaves_on", "fetched", "notes_text")

    @admin.display(description="model", ordering="model__name")
    def model_named(self, listed: UpstreamModel) -> str:
        return named(listed.model)

    @admin.display(description="$ per second in the list")
    def price(self, listed: UpstreamModel) -> str:
        return "–" if listed.cost_per_second is None else decimal_text(listed.cost_per_second)

    @admin.display(description="the model’s own price")
    def own_price_set(self, listed: UpstreamModel) -> str:
        cost = decimal_text(listed.model.cost_per_second)
        return f"{cost}, follows the list" if listed.sets_price_of(listed.model) else f"{cost}, set by hand"

    @admin.display(description="deprecation date", ordering="deprecation_date")
    def leaves_on(self, listed: UpstreamModel) -> str:
        return "–" if listed.deprecation_date is None else listed.deprecation_date.isoformat()

    @admin.display(description="last changed by a reading of")
    def fetched(self, listed: UpstreamModel) -> str:
        return moment_text(listed.fetched_at)

    @admin.display(description="notes")
    def notes_text(self, listed: UpstreamModel) -> SafeString | str:
        return format_html_join("", "<p>{}</p>", ([str(note)] for note in listed.notes)) or "–"
