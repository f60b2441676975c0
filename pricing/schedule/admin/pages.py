from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from models_registry.admin.filters import ListedFilter
from models_registry.admin.forms import ANSWER, REFUSALS, refusal_words
from models_registry.admin.guards import GuardedAdmin, LookedAtAdmin
from models_registry.admin.writes import confirming, note_refusal, reason_form
from models_registry.errors import CatalogueError, ConfirmationRequired
from models_registry.models import CatalogueRevision
from models_registry.transactions import whole
from models_registry.values import moment_text
from pricing.schedule import services
from pricing.schedule.admin.forms import ChangeForm, form_for
from pricing.schedule.admin.preview import NotAsShown, preview
from pricing.schedule.deeds import words
from pricing.schedule.models import Kind, ScheduledChange, State

LIST = "admin:pricing_schedule_scheduledchange_changelist"
SCHEDULE = "pricing_schedule_scheduledchange_schedule"
CANCEL = "pricing_schedule_scheduledchange_cancel"
TITLES = {
    Kind.PRICE: "Schedule a model’s price",
    Kind.RATE: "Schedule a rate",
    Kind.RATE_REMOVED: "Schedule the removal of a rate",
    Kind.POLICY: "Schedule a change of the policy",
    Kind.MULTIPLIER: "Schedule a quality’s multiplier",
}
# Who may make the change at once may schedule it.
NEEDED = {
    Kind.PRICE: ("models_registry.change_aimodel",),
    Kind.RATE: ("pricing.add_rate", "pricing.change_rate"),
    Kind.RATE_REMOVED: ("pricing.delete_rate",),
    Kind.POLICY: ("pricing.change_pricingpolicy",),
    Kind.MULTIPLIER: ("models_registry.change_qualitytier",),
}
SEEING = ("models_registry.view_aimodel", "models_registry.change_aimodel")


class StateFilter(ListedFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in State.choices]

    def keep(self, rows: Any, value: str) -> Any:
        return rows.filter(state=value)


@admin.register(ScheduledChange)
class ScheduledChangeAdmin(LookedAtAdmin, GuardedAdmin):
    """What will change and what came of it. A change is scheduled and cancelled by pages of its own."""

    seen_with = SEEING  # whoever sees the models sees what their prices will be

    list_display = ("moment", "what", "new", "state", "outcome", "who", "deed")
    list_filter = (StateFilter,)
    filter_lookups = ("state",)
    list_select_related = ("model",)
    ordering = ("-effective_from", "-pk")
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = list_max_show_all = 100
    actions = None
    change_list_template = "admin/pricing_schedule/change_list.html"
    fields = ("moment", "what", "new", "state", "outcome", "settled", "who", "reason", "scheduled_at", "deed")

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit trail has it."""
        raise Http404

    def get_urls(self) -> list[Any]:
        schedule, cancel = (
            self.admin_site.admin_view(view) for view in (self.schedule_view, self.cancel_view)
        )
        return [
            path("schedule/<str:kind>/", schedule, name=SCHEDULE),
            path("<int:key>/cancel/", cancel, name=CANCEL),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        kinds = [
            (TITLES[kind], reverse(f"admin:{SCHEDULE}", args=[kind]))
            for kind in Kind
            if may_schedule(request, kind)
        ]
        return super().changelist_view(request, {"kinds": kinds, **(extra_context or {})})

    # --- Scheduling --------------------------------------------------------------------------------------

    def schedule_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Asks what is to change and shows what customers will pay: just that may then be scheduled."""
        if kind not in Kind.values:
            raise Http404
        if not may_schedule(request, Kind(kind)):
            raise PermissionDenied
        form_class, is_sent = form_for(Kind(kind)), request.method == "POST"
        form = form_class(request.POST) if is_sent else form_class(initial=request.GET.dict())
        if not is_sent or not form.is_valid():
            return self._asking(request, form)
        try:
            if "confirmed" in request.POST:
                return self._scheduled(request, form)
            return self._asking(request, form, **looked_at(form))
        except REFUSALS as refusal:
            note_refusal(request, refusal)
            return self._asking(request, form, problems=told_beside(form, refusal))

    def _asking(self, request: HttpRequest, form: ChangeForm, **context: Any) -> HttpResponse:
        asked = {"title": TITLES[form.kind], "form": form, "answer_name": ANSWER}
        return self._page(request, "schedule.html", {**asked, **context})

    def _scheduled(self, request: HttpRequest, form: ChangeForm) -> HttpResponse:
        try:
            change = schedule_as_shown(form, request.POST)
        except (NotAsShown, ConfirmationRequired) as refusal:
            note_refusal(request, refusal)
            problems = ["Nothing was scheduled.", *refusal_words(ScheduledChange, refusal)]
            return self._asking(request, form, problems=problems, **looked_at(form))
        told = f"Scheduled for {moment_text(change.effective_from)}: {describe(change)}."
        self.message_user(request, told, messages.SUCCESS)
        return redirect(LIST)

    # --- Cancelling --------------------------------------------------------------------------------------

    def cancel_view(self, request: HttpRequest, key: int) -> HttpResponse:
        change = ScheduledChange.objects.select_related("model").filter(pk=key).first()
        if change is None:
            raise Http404
        if not may_schedule(request, Kind(change.kind)):
            raise PermissionDenied
        problems, reason = [], reason_form(request)
        if request.method == "POST" and reason.is_valid():
            try:
                services.cancel(change)
            except CatalogueError as refusal:
                note_refusal(request, refusal)
                problems = [refusal.message]
            else:
                self.message_user(request, f"Cancelled: {describe(change)}.", messages.SUCCESS)
                return redirect(LIST)
        context = {
            "title": "Cancel a scheduled change",
            "change": change,
            "told": describe(change),
            "problems": problems,
            "reason_form": reason,
        }
        return self._page(request, "cancel.html", context)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        around = {**self.admin_site.each_context(request), "opts": self.opts, "subtitle": None}
        return TemplateResponse(request, f"admin/pricing_schedule/{template}", {**around, **context})

    # --- Columns -----------------------------------------------------------------------------------------

    @admin.display(description="from")
    def moment(self, change: ScheduledChange) -> str:
        return moment_text(change.effective_from)

    @admin.display(description="what")
    def what(self, change: ScheduledChange) -> str:
        return subject(change)

    @admin.display(description="new")
    def new(self, change: ScheduledChange) -> str:
        return words(change)

    @admin.display(description="scheduled by")
    def who(self, change: ScheduledChange) -> str:
        return change.actor

    @admin.display(description="scheduled at")
    def scheduled_at(self, change: ScheduledChange) -> str:
        return moment_text(change.created_at)

    @admin.display(description="settled at")
    def settled(self, change: ScheduledChange) -> str:
        return moment_text(change.settled_at) if change.settled_at else "not yet"

    @admin.display(description="cancel")
    def deed(self, change: ScheduledChange) -> SafeString | str:
        if change.state != State.PENDING:
            return "–"
        return format_html('<a href="{}">Cancel…</a>', reverse(f"admin:{CANCEL}", args=[change.pk]))


def looked_at(form: ChangeForm) -> dict[str, Any]:
    """What would happen and what is to be confirmed of it. Raises what else keeps it from being scheduled."""
    deed, moment = form.deed, form.cleaned_data["effective_from"]
    question = None
    try:
        services.rehearse(deed, effective_from=moment)
    except ConfirmationRequired as asked:
        question = asked
    return {"preview": preview(deed, moment), "question": question}


@whole
def schedule_as_shown(form: ChangeForm, sent: QueryDict) -> ScheduledChange:
    """Schedule just what its reader saw, figure by figure. Raises NotAsShown, or what `schedule` raises."""
    CatalogueRevision.objects.lock()
    deed, moment = form.deed, form.cleaned_data["effective_from"]
    if sent.get("shown") != preview(deed, moment).digest:
        raise NotAsShown
    made: list[ScheduledChange] = []
    confirming(
        sent.get(ANSWER, ""),
        lambda confirmed: made.append(services.schedule(deed, effective_from=moment, confirmed=confirmed)),
    )
    return made[0]


def may_schedule(request: HttpRequest, kind: Kind) -> bool:
    user: Any = request.user
    return all(user.has_perm(permission) for permission in NEEDED[kind])


def subject(change: ScheduledChange) -> str:
    return change.audit_subject() if change.kind != Kind.POLICY else "pricing policy"


def describe(change: ScheduledChange) -> str:
    return f"{subject(change)}, {words(change)}"


def told_beside(form: ChangeForm, refusal: Exception) -> list[str]:
    """Put what is wrong beside its fields; returns what belongs to none of them."""
    if isinstance(refusal, ValidationError) and hasattr(refusal, "error_dict"):
        names = {"model_id": "model"}
        for name, messages_of in refusal.message_dict.items():
            known = names.get(name, name)
            form.add_error(known if known in form.fields else None, messages_of)
        return ["Nothing was scheduled; see what is said below."]
    if isinstance(refusal, CatalogueError) and refusal.field in form.fields:
        form.add_error(refusal.field, refusal.message)
        return ["Nothing was scheduled; see what is said below."]
    return ["Nothing was scheduled.", services.told(refusal)]
