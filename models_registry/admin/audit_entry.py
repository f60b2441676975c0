import json
import re
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from models_registry.admin.filters import ListedFilter
from models_registry.admin.guards import GuardedAdmin, LookedAtAdmin
from models_registry.audit import wording
from models_registry.audit.audited import audited_classes
from models_registry.audit.models import AuditEntry, Book, State
from models_registry.replicable import Replicable, replicable
from models_registry.values import moment_text


class OfColumn(ListedFilter):
    """Entries with one of the listed values in the column that the filter is named after."""

    def keep(self, rows: Any, value: str) -> Any:
        return rows.filter(**{str(self.parameter_name): value})


class BookFilter(OfColumn):
    title = parameter_name = "book"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Book.choices)


class KindFilter(OfColumn):
    title = parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(model.audit_kind, wording.kind_name(model.audit_kind)) for model in audited_classes()]


class ActionFilter(OfColumn):
    title = "action"
    # Not `action`, which the list takes for something to do.
    parameter_name = "did"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        actions = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
        return [(action, action.replace("_", " ")) for action in actions]

    def keep(self, rows: Any, value: str) -> Any:
        return rows.filter(action=value)


@admin.register(AuditEntry)
class AuditEntryAdmin(LookedAtAdmin, GuardedAdmin):
    """Everything that was changed or tried; to be read, and by nobody to be changed."""

    primary_key = re.compile("[a-z]{1,20}-[0-9]{1,18}")
    list_display = ("when", "who", "what", "subject", "source", "reason")
    list_display_links = ("when",)
    list_filter = (BookFilter, ActionFilter, KindFilter)
    filter_lookups = tuple(str(listed.parameter_name) for listed in list_filter)
    search_fields = ("actor", "subject", "request_id")
    search_help_text = "In who, the subject and the request id."
    ordering = ("-at", "-number", "book")
    sortable_by = ()
    show_full_result_count = False  # counting all of them again is not worth it
    show_facets = admin.ShowFacets.NEVER
    list_per_page = list_max_show_all = 50
    actions = None
    fieldsets = (
        (None, {"fields": ("when", "who", "what_happened", "subject", "reason")}),
        ("Where from", {"fields": ("source", "request_id", "address")}),
        ("In full", {"fields": ("state_was", "state_is", "told")}),
        ("In its book", {"fields": ("book", "number", "digest")}),
    )

    @replicable(Replicable.TRAIL)
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Audit trail", **(extra_context or {})})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """An entry has none."""
        raise Http404

    @admin.display(description="when")
    def when(self, entry: AuditEntry) -> str:
        return moment_text(entry.at)

    @admin.display(description="who")
    def who(self, entry: AuditEntry) -> str:
        """A user, or else what acts."""
        is_clear = entry.actor_kind in {"user", entry.actor}
        return entry.actor if is_clear else f"{entry.actor} ({entry.actor_kind})"

    @admin.display(description="what")
    def what(self, entry: AuditEntry) -> str:
        return wording.headline(entry)

    @admin.display(description="what")
    def what_happened(self, entry: AuditEntry) -> SafeString:
        told = format_html_join("", "<li>{}</li>", ([sentence] for sentence in wording.sentences(entry)))
        return format_html('{}<ul class="sentences">{}</ul>', wording.deed(entry).capitalize(), told)

    @admin.display(description="before")
    def state_was(self, entry: AuditEntry) -> SafeString:
        return in_full(entry.state_before)

    @admin.display(description="after")
    def state_is(self, entry: AuditEntry) -> SafeString:
        return in_full(entry.state_after)

    @admin.display(description="facts")
    def told(self, entry: AuditEntry) -> SafeString:
        return in_full(entry.told_facts or None)


def in_full(state: State | None) -> SafeString:
    text = "–" if state is None else json.dumps(state, indent=2, ensure_ascii=False)
    return format_html('<pre class="monospace">{}</pre>', text)
