"""The history of a row, and the way back to an earlier state of it."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from models_registry.admin.forms import ANSWER, REFUSALS, refusal_words
from models_registry.admin.writes import CatalogueAdmin, confirming, note_refusal, reason_form, refusals
from models_registry.audit import wording
from models_registry.audit.audited import Audited
from models_registry.audit.models import AuditEntry, AuditEntryQuerySet, State, canonical
from models_registry.errors import StaleModel
from models_registry.replicable import Replicable, replicable
from models_registry.values import moment_text, same

ENTRIES_A_PAGE = 50
ALL_THE_SAME = "Nothing was changed: read what to know before, and tick that you want it all the same."
STALE = "Nothing was changed: somebody else changed it in the meantime. Look again at what would change now."


class Told(NamedTuple):
    """An entry as the page shows it."""

    entry: AuditEntry
    deed: str
    sentences: list[str]
    can_restore: bool  # it left the row in another state than today's
    is_now: bool


class HistoricAdmin(CatalogueAdmin):
    """An admin whose rows have a history that can be walked back."""

    model: type[Audited]
    object_history_template = "admin/models_registry/history.html"
    # What restoring leaves as it is, and why: field of the state → words.
    stays: Mapping[str, str] = {}

    def history_of(self, obj: Any) -> AuditEntryQuerySet:
        return AuditEntry.objects.about(obj.audit_kind, subject=obj.audit_subject())

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_restore"
        view = self.admin_site.admin_view(self.restore_view)
        return [path("<path:object_id>/history/<int:number>/restore/", view, name=name), *super().get_urls()]

    # --- The history -------------------------------------------------------------------------------------

    @replicable(Replicable.TRAIL)
    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self._found(request, object_id)
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        paginator = Paginator(self.history_of(obj).order_by("-number"), ENTRIES_A_PAGE)
        page = paginator.get_page(request.GET.get("p"))
        context = {
            "title": f"History of {obj}",
            "page": page,
            "page_range": paginator.get_elided_page_range(page.number),
            "told": self.told(page, obj),
            "can_restore": self.has_change_permission(request, obj),
            "restore_view": f"admin:{self.opts.app_label}_{self.opts.model_name}_restore",
        }
        return self._page(request, self.object_history_template, obj, context)

    def told(self, entries: Iterable[AuditEntry], obj: Any) -> list[Told]:
        now = obj.audit_state()
        return [self._told(entry, obj, now=now) for entry in entries]

    def _told(self, entry: AuditEntry, obj: Any, *, now: State) -> Told:
        after = entry.state_after if self._is_of(entry, obj) else None
        is_now = after is not None and not self._differing(now, after)
        return Told(
            entry, wording.deed(entry), wording.sentences(entry), after is not None and not is_now, is_now
        )

    def _is_of(self, entry: AuditEntry, obj: Any) -> bool:
        """Not of a row that belongs to `obj`, nor of one that had its name before."""
        return entry.kind == obj.audit_kind and entry.row_id == str(obj.pk)

    # --- Restoring ---------------------------------------------------------------------------------------

    def restore_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """Show what would change from now to then; once that is confirmed, do it, as a new change."""
        return self.in_line(request, self._restore_view, object_id, number)

    def _restore_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        obj = self._found(request, object_id)
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        entry = self.history_of(obj).filter(number=number).first()
        then = entry.state_after if entry is not None and self._is_of(entry, obj) else None
        if entry is None or then is None:
            raise Http404
        problems: list[str] = []
        if request.method == "POST":
            problems = self._try_to_restore(request, obj, then)
            if not problems:
                return self._restored(request, obj, entry)
            obj = self._found(request, object_id)
        return self._page(
            request, "admin/models_registry/restore.html", obj, self._preview(request, obj, entry, problems)
        )

    def _try_to_restore(self, request: HttpRequest, obj: Any, then: State) -> list[str]:
        """Why it was not done; empty: it was."""
        if not reason_form(request).is_valid():
            return ["Nothing was changed: the reason can't be kept as it is."]
        if request.POST.get("seen") != self.version_of(obj):
            note_refusal(request, StaleModel)
            return [STALE]
        names = self._differing(obj.audit_state(), then)
        if not names:
            return ["Nothing was changed: it stands in this state already."]
        if self.cautions_of(obj, then) and request.POST.get("all_the_same") != "yes":
            return [ALL_THE_SAME]
        try:
            values = self.values_of(then, names=names)
            answer = request.POST.get(ANSWER, "")
            confirming(answer, lambda confirmed: self.restore(obj, values, confirmed=confirmed))
        except REFUSALS as refusal:
            note_refusal(request, refusal)
            refusals(request)[obj.pk] = refusal
            return ["Nothing was changed.", *refusal_words(self.model, refusal)]
        return []

    def _restored(self, request: HttpRequest, obj: Any, entry: AuditEntry) -> HttpResponse:
        told = f"Restored the state of {moment_text(entry.at)}."
        self.log_change(request, obj, told)
        self.message_user(request, told, messages.SUCCESS)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_history"
        return redirect(reverse(name, args=[obj.pk]))

    def _preview(
        self, request: HttpRequest, obj: Any, entry: AuditEntry, problems: list[str]
    ) -> dict[str, Any]:
        now, then = obj.audit_state(), entry.state_after or {}
        names = self._differing(now, then)
        changes = wording.differences(
            obj.audit_kind, {name: now.get(name) for name in names}, {name: then.get(name) for name in names}
        )
        form = reason_form(request)
        form.initial = {"change_reason": f"Restores the state of {moment_text(entry.at)}"}
        return {
            "title": f"Restore an earlier state of {obj}",
            "entry": entry,
            "changes": changes,
            "cautions": self.cautions_of(obj, then),
            "stays": [f"{wording.label(obj.audit_kind, name)}: {why}" for name, why in self.stays.items()],
            "problems": problems,
            "question": refusals(request).get(obj.pk),
            "answer_name": ANSWER,
            "seen": self.version_of(obj),
            "reason_form": form,
        }

    def _differing(self, now: State, then: State) -> list[str]:
        """What restoring would change: fields that are not the same by now, but for those that stay."""
        return [
            name
            for name in then
            if name in now and name not in self.stays and not same(now[name], then[name])
        ]

    def cautions_of(self, obj: Any, then: State) -> list[str]:
        """What somebody should know before `obj` gets the state `then`, and has to want all the same."""
        return []

    def version_of(self, obj: Any) -> str:
        """Another one after every change of the row."""
        return hashlib.sha256(canonical(obj.audit_state()).encode()).hexdigest()

    def values_of(self, state: State, *, names: list[str]) -> dict[str, Any]:
        """The values of the columns `names` in a state. Raises ValidationError for what is no such value."""
        columns = {column.name: column for column in self.opts.concrete_fields}
        return {name: columns[name].to_python(state[name]) for name in names}

    def restore(self, obj: Any, values: dict[str, Any], *, confirmed: bool) -> None:
        """Write `values`, as the form would. Raises what the services raise."""
        for name, value in values.items():
            setattr(obj, name, value)
        obj.full_clean(validate_constraints=False)
        obj.save(update_fields=list(values))

    # --- Both --------------------------------------------------------------------------------------------

    def _found(self, request: HttpRequest, object_id: str) -> Any:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        return obj

    def _page(
        self, request: HttpRequest, template: str, obj: models.Model, context: dict[str, Any]
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "object": obj, "opts": self.opts, "subtitle": None}
        return TemplateResponse(request, template, {**frame, **context})
