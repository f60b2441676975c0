from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import flatten
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from models_registry import services
from models_registry.admin.fields import comma_separated, json_text
from models_registry.admin.filters import (
    CategoryFilter,
    PremiumFilter,
    ProviderFilter,
    QualityFilter,
    StatusFilter,
    SunsetFilter,
)
from models_registry.admin.forms import AIModelForm
from models_registry.admin.history import HistoricAdmin
from models_registry.admin.rows import AIModelRowForm, AIModelRows
from models_registry.admin.writes import reason_form, refusals
from models_registry.audit.models import AuditEntry, AuditEntryQuerySet
from models_registry.choices import Status
from models_registry.deprecations import days_left
from models_registry.models import AIModel
from models_registry.querysets import AIModelQuerySet
from models_registry.values import decimal_text, moment_text


class AIModelAdmin(HistoricAdmin):
    """What the catalogue alone knows of its models; whoever puts the admin together adds usage and prices."""

    form = AIModelForm
    row_form = AIModelRowForm
    rows = AIModelRows
    compares_with_seen = False
    as_text = {
        "cost_per_second": "price",
        "supported_durations": "durations",
        "supported_qualities": "qualities",
        "tags": "tag_list",
        "model_parameters": "parameters_text",
        "requirements": "requirements_text",
        "sunset_at": "sunset",
    }
    list_display: tuple[str, ...] = (
        "titled",
        "model_id",
        "category",
        "cost_per_second",
        "is_active",
        "is_premium",
        "durations",
        "qualities",
    )
    list_editable = tuple(AIModelRowForm.IN_PLACE)
    list_filter = (
        *(CategoryFilter, StatusFilter, SunsetFilter, PremiumFilter),
        *(QualityFilter, ProviderFilter),
    )
    filter_lookups = tuple(str(listed.parameter_name) for listed in list_filter)
    search_fields = ("model_id", "name", "description", "provider", "tags")
    search_help_text = "In id, name, description, provider and tags."
    ordering = ("name", "model_id")
    fieldsets = (
        (
            "Identity",
            {
                "fields": (
                    ("model_id", "name"),
                    ("provider", "version"),
                    "description",
                    ("category", "is_premium"),
                    "tags",
                )
            },
        ),
        (
            "Capabilities",
            {
                "fields": (
                    "supported_durations",
                    "supported_qualities",
                    ("max_duration", "fixed_duration"),
                )
            },
        ),
        ("Pricing", {"fields": ("cost_per_second",)}),
        ("Parameters", {"fields": ("replicate_model_id", ("model_parameters", "requirements"))}),
        (
            "Lifecycle",
            {"fields": (("is_active", "is_deprecated"), ("sunset_at", "successor"), "default_text")},
        ),
    )
    stays = {
        "model_id": "an id never changes.",
        "is_default": "the flag stays where it is; Make default in the list moves it.",
        "created_at": "kept by the system.",
        "deprecated_at": "kept by the system.",
    }
    timestamps = ("Times", {"fields": (("created", "updated"), ("priced", "deprecated"))})

    # --- Who may do what, and what they see --------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: past generations point at models, so a model is retired instead."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("model_id", "default_text", *flatten(self.timestamps[1]["fields"])) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj:
            return (*super().get_fieldsets(request, obj), self.timestamps)
        return [
            (title, {"fields": [name for name in options["fields"] if name != "default_text"]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[AIModelQuerySet, bool]:
        text = search_term.strip()
        return (queryset.matching(text) if text else queryset), False

    # --- The list ----------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, {"title": "ModelManager", **(extra_context or {})})
        changelist = getattr(response, "context_data", {}).get("cl")
        if changelist is not None and changelist.formset is not None and changelist.formset.is_bound:
            show_sent_rows(changelist)
        return response

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[AIModelRowForm]:
        return self.row_form

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        most = self.list_max_show_all
        formset = super().get_changelist_formset(
            request, formset=self.rows, max_num=most, absolute_max=most, **kwargs
        )
        formset.refusals = refusals(request)  # type: ignore[attr-defined]
        formset.reason_form = reason_form(request)  # type: ignore[attr-defined]
        return formset

    def action_checkbox(self, obj: AIModel) -> SafeString:
        """As Django's, without a template for each row."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="Select {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj.model_id,
        )

    @admin.display(description="name", ordering="name")
    def titled(self, model: AIModel) -> SafeString:
        marks = format_html_join(
            "", ' <span class="mark mark-{}">{}</span>', ((m, m) for m in marks_of(model))
        )
        return format_html("{}{}{}", model.name, marks, sunset_mark(model, now=timezone.now()))

    @admin.display(description="$ per second", ordering="cost_per_second")
    def price(self, model: AIModel) -> str:
        return decimal_text(model.cost_per_second)

    @admin.display(description="durations")
    def durations(self, model: AIModel) -> str:
        return f"{', '.join(runs(model.supported_durations))} s"

    @admin.display(description="qualities")
    def qualities(self, model: AIModel) -> str:
        return ", ".join(map(str, model.supported_qualities))

    @admin.display(description="tags")
    def tag_list(self, model: AIModel) -> str:
        return comma_separated(model.tags)

    @admin.display(description="model parameters")
    def parameters_text(self, model: AIModel) -> SafeString:
        return format_html('<pre class="monospace">{}</pre>', json_text(model.model_parameters))

    @admin.display(description="requirements")
    def requirements_text(self, model: AIModel) -> SafeString:
        return format_html('<pre class="monospace">{}</pre>', json_text(model.requirements))

    # --- One model ---------------------------------------------------------------------------------------

    def add(self, obj: AIModel, form: AIModelForm) -> None:
        obj.pk = form.create().pk

    def change(self, obj: AIModel, form: AIModelForm) -> None:
        form.revise(obj)

    def history_of(self, obj: AIModel) -> AuditEntryQuerySet:
        """Its rates' as well."""
        return AuditEntry.objects.about("model", "rate", subject=obj.audit_subject())

    def version_of(self, obj: AIModel) -> str:
        return str(obj.version_number)

    def restore(self, obj: AIModel, values: dict[str, Any], *, confirmed: bool) -> None:
        services.revise(obj, values, expected_version=obj.version_number, confirmed=confirmed)

    @admin.display(description="default")
    def default_text(self, model: AIModel) -> str:
        if model.is_default:
            return (
                "Yes: who names no model gets this one. To move it, tick another model in the list "
                "and run Make default."
            )
        return "No. To make it the default, tick it in the list and run Make default."

    @admin.display(description="created at")
    def created(self, model: AIModel) -> str:
        return moment_text(model.created_at)

    @admin.display(description="updated at")
    def updated(self, model: AIModel) -> str:
        return moment_text(model.updated_at)

    @admin.display(description="priced at")
    def priced(self, model: AIModel) -> str:
        return moment_text(model.priced_at)

    @admin.display(description="sunset")
    def sunset(self, model: AIModel) -> str:
        return moment_text(model.sunset_at) if model.sunset_at else "none"

    @admin.display(description="deprecated at")
    def deprecated(self, model: AIModel) -> str:
        return moment_text(model.deprecated_at) if model.deprecated_at else "never"


def marks_of(model: AIModel) -> list[str]:
    """What is special about `model`, in a word each."""
    marks = {"default": model.is_default, "premium": model.is_premium}
    marks[model.status.value] = model.status != Status.ACTIVE
    return [mark for mark, holds in marks.items() if holds]


def sunset_mark(model: AIModel, *, now: datetime) -> SafeString:
    """When `model` goes, if it is on sale and somebody has said."""
    if model.sunset_at is None or not model.is_active:
        return SafeString()
    left = days_left(model.sunset_at, now=now)
    to_come = "sunset within a day" if left == 1 else f"sunset in {left} days"
    return format_html(
        ' <span class="mark mark-sunset" title="{}">{}</span>',
        moment_text(model.sunset_at),
        to_come if left > 0 else "past its sunset",
    )


def runs(numbers: Sequence[int]) -> Iterator[str]:
    """`numbers` as people write them: three and more in a row as the first and the last, as in `4–15`."""
    # What is in a row lies equally far from its place in the sorted list.
    for _, pairs in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0]):
        run = [str(number) for _, number in pairs]
        yield from run if len(run) < 3 else [f"{run[0]}–{run[-1]}"]


def show_sent_rows(changelist: Any) -> None:
    """Put beside each form that was sent its own row, as it is stored.

    Django puts it beside the row that has its place in the list by now, which may be another model. Rows
    that were refused as stale are shown as they stand.
    """
    forms = [form for form in changelist.formset.forms if form.instance.pk is not None]
    for form in forms:
        if form.is_stale:
            form.show_as_stored()
    stored = AIModel.objects.in_bulk([form.instance.pk for form in forms])
    changelist.formset.forms = forms
    changelist.result_list = [stored[form.instance.pk] for form in forms]
