"""How every admin page of the catalogue writes."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from models_registry.admin.fields import DecimalTextField, ReasonField, WholeNumberField
from models_registry.admin.forms import (
    ANSWER,
    REFUSALS,
    CatalogueForm,
    ReasonForm,
    Refusal,
    refusal_words,
)
from models_registry.admin.guards import GuardedAdmin
from models_registry.errors import CatalogueError, ConfirmationRequired
from models_registry.models import CatalogueRevision
from models_registry.whole_pages import whole_page

View = Callable[..., HttpResponse]

# Left on a request whose write was refused, with the refusal's code; the page itself is a 200 or a redirect.
REFUSED_WRITE = "refused_write"


ONE_BY_ONE = "Delete them one by one, each on a page of its own, if that is meant."


class RefusedAfterAll(Exception):
    """A service refused what the form had found right; `refusals` keeps why."""


class CatalogueAdmin(GuardedAdmin):
    """Checks and writes in one transaction, behind the lock that all writers of the catalogue take first.

    So what a form has found to be right is still right when it is saved. Should a service refuse all the
    same, everything is rolled back, and the page comes again with the refusal and what was typed.
    """

    form = CatalogueForm
    # Do forms carry along what their reader saw, field by field? Models have a version instead.
    compares_with_seen = True
    # For those who may only look: columns that would show as raw JSON or with zeros, as people write them.
    as_text: Mapping[str, str] = {}
    formfield_overrides = {
        models.DecimalField: {"form_class": DecimalTextField},
        # SQLite has room for more than PostgreSQL.
        models.PositiveIntegerField: {"form_class": WholeNumberField, "max_value": 2**31 - 1},
        models.PositiveSmallIntegerField: {"form_class": WholeNumberField, "max_value": 2**15 - 1},
    }
    show_facets = admin.ShowFacets.NEVER
    list_per_page = list_max_show_all = 100

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        return columns if self.has_change_permission(request) else self.readable(columns)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": self.readable(options["fields"])}) for title, options in fieldsets
        ]

    def readable(self, names: Any) -> list[Any]:
        return [
            self.readable(name) if isinstance(name, tuple) else self.as_text.get(name, name) for name in names
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"reason_form": reason_form(request), **(extra_context or {})}
        view = super().changelist_view
        # Saving rows, or deleting those that were ticked, once that is confirmed. Anything else only looks.
        if not request.POST.keys() & {"_save", "post"}:
            return view(request, context)
        try:
            return self.in_line(request, view, context)
        except REFUSALS as refusal:  # of one of those that were to be deleted
            note_refusal(request, refusal)
            told = " ".join(refusal_words(self.model, refusal))
            if isinstance(refusal, ConfirmationRequired):
                told = f"{refusal.finding} {ONE_BY_ONE}"
            self.message_user(request, f"Nothing was changed. {told}", messages.ERROR)
            return redirect(request.get_full_path())

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self.in_line(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        reason = reason_form(request)
        if request.method == "POST" and not reason.is_valid():
            request.POST = QueryDict()  # asks again, as before any answer
        context = {"reason_form": reason, **(extra_context or {})}
        view = super().delete_view
        try:
            return self.in_line(request, view, object_id, context)
        except REFUSALS as refusal:
            note_refusal(request, refusal)
            context |= {"refusal": refusal, "answer_name": ANSWER}
            request.POST = QueryDict()
            return view(request, object_id, context)

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:  # type: ignore[override]
        reason = reason_form(request)
        if not reason.is_valid() and request.POST.get("action") != "delete_selected":
            told = " ".join(str(error) for errors in reason.errors.values() for error in errors)
            self.message_user(request, f"Nothing was changed. {told}", messages.ERROR)
            return None
        if not reason.is_valid():
            sent = request.POST.copy()
            sent.pop("post", None)
            request.POST = sent  # type: ignore[assignment] # asks again, as before any answer
        response = super().response_action(request, queryset)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data["reason_form"] = reason
        return response

    def in_line(self, request: HttpRequest, view: View, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)

        def locked(*args: Any, **kwargs: Any) -> HttpResponse:
            CatalogueRevision.objects.lock()
            return view(*args, **kwargs)

        try:
            return whole_page(request, locked, *args, **kwargs)
        except RefusedAfterAll:
            return view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.refusals = refusals(request)
        for field in form.base_fields.values():
            is_column = not isinstance(field, ReasonField)
            field.show_hidden_initial = change and self.compares_with_seen and is_column
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        try:
            confirming(form.answer, lambda confirmed: self._write(obj, form, change, confirmed))
        except REFUSALS as refusal:
            refusals(request)[obj.pk] = refusal
            note_refusal(request, refusal)
            raise RefusedAfterAll from refusal

    def _write(self, obj: Any, form: Any, change: bool, confirmed: bool) -> None:
        form.confirmed = confirmed
        if change:
            self.change(obj, form)
        else:
            self.add(obj, form)

    def add(self, obj: Any, form: Any) -> None:
        """Store the new `obj`; afterwards it has its primary key."""
        obj.save(force_insert=True)

    def change(self, obj: Any, form: Any) -> None:
        """Store what `form` changed and nothing else, so that nobody else's change is undone."""
        if form.changed_data:
            obj.save(update_fields=form.changed_data)


def confirming(answer: str, write: Callable[[bool], None]) -> None:
    """Call `write` unconfirmed and, should it ask just the question that `answer` names, confirmed.

    So nobody confirms other figures than they saw. Raises what `write` raises.
    """
    try:
        with transaction.atomic():
            write(False)
    except ConfirmationRequired as question:
        if answer != question.digest:
            raise
        write(True)


def refusals(request: HttpRequest) -> dict[Any, Refusal]:
    """What the services refused while answering `request`: primary key of the row → error."""
    kept: dict[Any, Refusal] = request.__dict__.setdefault("catalogue_refusals", {})
    return kept


def note_refusal(request: HttpRequest, refusal: Refusal | type[CatalogueError]) -> None:
    """Have it recorded that a write was refused: the page that says so is none of HTTP's refusals."""
    setattr(request, REFUSED_WRITE, getattr(refusal, "code", None) or "invalid")


def reason_form(request: HttpRequest) -> ReasonForm:
    """The reason that was sent along, or a blank one to ask for it; one a request."""
    sent = request.POST if request.method == "POST" else None
    kept: ReasonForm = request.__dict__.setdefault("reason_form", ReasonForm(sent))
    return kept
