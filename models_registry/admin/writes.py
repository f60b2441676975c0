"""How every admin page of the catalogue writes."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse

from models_registry.admin.fields import DecimalTextField, WholeNumberField
from models_registry.admin.forms import REFUSALS, CatalogueForm, Refusal
from models_registry.admin.guards import GuardedAdmin
from models_registry.models import CatalogueRevision

View = Callable[..., HttpResponse]


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
        return [self.as_text.get(name, name) for name in names]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return self._in_line(request, super().changelist_view, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._in_line(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._in_line(request, super().delete_view, *args, **kwargs)

    def _in_line(self, request: HttpRequest, view: View, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            with transaction.atomic():
                CatalogueRevision.objects.lock()
                return view(request, *args, **kwargs)
        except RefusedAfterAll:
            return view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.refusals = refusals(request)
        for field in form.base_fields.values():
            field.show_hidden_initial = change and self.compares_with_seen
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        try:
            if change:
                self.change(obj, form)
            else:
                self.add(obj, form)
        except REFUSALS as refusal:
            refusals(request)[obj.pk] = refusal
            raise RefusedAfterAll from refusal

    def add(self, obj: Any, form: Any) -> None:
        """Store the new `obj`; afterwards it has its primary key."""
        obj.save(force_insert=True)

    def change(self, obj: Any, form: Any) -> None:
        """Store what `form` changed and nothing else, so that nobody else's change is undone."""
        if form.changed_data:
            obj.save(update_fields=form.changed_data)


def refusals(request: HttpRequest) -> dict[Any, Refusal]:
    """What the services refused while answering `request`: primary key of the row → error."""
    kept: dict[Any, Refusal] = request.__dict__.setdefault("catalogue_refusals", {})
    return kept
