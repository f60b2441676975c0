"""The rows of the list of models, edited in place."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.forms.formsets import INITIAL_FORM_COUNT, TOTAL_FORM_COUNT

from models_registry.admin.forms import AIModelForm, ReasonForm, Refusal, shown_plainly
from models_registry.admin.row_renderer import RowRenderer
from models_registry.audit import wording
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from models_registry.values import moment_text

GARBLED = "The page did not arrive as it was sent. Nothing was saved; reload the list."
TOLD_CHANGES = 3  # of a stale row, the newest
TOLD_SENTENCES = 4  # of one of them


class AIModelRowForm(AIModelForm):
    """A row of the list: what can be edited in place, compared with what its reader saw."""

    IN_PLACE = {
        "category": "Category",
        "cost_per_second": "Price per second",
        "is_active": "Active",
        "is_premium": "Premium",
    }

    default_renderer = RowRenderer()
    change_reason = None  # type: ignore[assignment] # the list has one for all rows

    class Meta(AIModelForm.Meta):
        fields = ["category", "cost_per_second", "is_active", "is_premium"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in self.IN_PLACE.items():
            field = self.fields[name]
            field.show_hidden_initial = True
            field.help_text = ""  # a table has no room for it, and nothing may refer to what is not there
            label = f"{words} of {self.instance.model_id}" if self.instance.pk else words
            field.widget.attrs["aria-label"] = label

    def full_clean(self) -> None:
        """A row that was not touched is right whatever became of it: it won't be written."""
        if self.is_bound and not self.has_changed():
            self._errors = forms.utils.ErrorDict()
            self.cleaned_data = {}
        else:
            super().full_clean()

    def show_as_stored(self) -> None:
        """Show the row as it now stands, so that its reader can make the change again knowingly."""
        self.is_bound = False
        self.data = {}

    def stale_message(self) -> str:
        return (
            f"{self.why_stale()} Your change ({', '.join(self._typed())}) is not saved; the row is shown as "
            "it now stands. Make your change again."
        )

    def refuse_as_sent_twice(self) -> None:
        """Say that alone: what else is wrong with it may be owed to its other copy."""
        self.errors.clear()
        told = f"The page holds {self.instance.model_id} twice. Nothing was saved; reload the list."
        self.add_error(None, told)

    def tell(self, changes: Sequence[AuditEntry]) -> None:
        """Say in a stale row what became of it since its reader saw it: of `changes`, the newest first."""
        seen = self.cleaned_data.get("version_number")
        missed = 0 if seen is None else self.instance.version_number - seen
        for entry in changes[: max(missed, 0)]:
            self.add_error(None, change_text(entry))
        if missed > len(changes) > 0:
            self.add_error(None, f"And {missed - len(changes):,} earlier; its history tells them.")

    def _typed(self) -> Iterator[str]:
        for name in self.changed_data:
            yield f"{self.IN_PLACE[name].lower()} {shown_plainly(self[name].data)}"


class AIModelRows(forms.BaseModelFormSet):
    """The rows of one page of the list, and why they are changed."""

    forms: "list[AIModelRowForm]"  # type: ignore[assignment]
    refusals: Mapping[Any, Refusal] = {}
    reason_form: ReasonForm
    default_error_messages: ClassVar[dict[str, Any]] = {
        "missing_management_form": GARBLED,
        "too_many_forms": GARBLED,
    }

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        form.refusals = self.refusals
        return form

    def clean(self) -> None:
        if not self.management_form.is_valid():
            return  # which is told already
        if not self._is_whole():
            raise ValidationError(GARBLED)
        twice = self._sent_twice()
        for form in twice:
            form.refuse_as_sent_twice()
        super().clean()
        stale = [
            form
            for form in self.forms
            if form.instance.pk is not None and form not in twice and form.is_stale
        ]
        changes = latest_changes(form.instance for form in stale) if stale else {}
        for form in stale:
            form.tell(changes.get(form.instance.pk, []))
        if any(form.instance.pk is None for form in self.forms):
            raise ValidationError("A row of this page is gone. Nothing was saved; reload the list.")
        if not self.reason_form.is_valid():
            raise ValidationError("Nothing was saved: the reason can't be kept as it is.")

    def _is_whole(self) -> bool:
        """It holds the rows that it says it holds, and none beside them."""
        said: Any = self.management_form.cleaned_data
        total: int = said[TOTAL_FORM_COUNT]
        row_after = f"{self.add_prefix(max(total, 0))}-id"
        return 0 <= total == said[INITIAL_FORM_COUNT] and row_after not in self.data

    def _sent_twice(self) -> list[AIModelRowForm]:
        times = Counter(form.instance.pk for form in self.forms)
        return [form for form in self.forms if form.instance.pk is not None and times[form.instance.pk] > 1]


def latest_changes(models: Iterable[AIModel]) -> dict[int, list[AuditEntry]]:
    """By primary key, the newest few entries about each of `models`. One query."""
    keys = [str(model.pk) for model in models]
    newest = Window(RowNumber(), partition_by=F("row_id"), order_by=F("number").desc())
    entries = AuditEntry.objects.filter(kind=AIModel.audit_kind, row_id__in=keys).annotate(rank=newest)
    found: dict[int, list[AuditEntry]] = {}
    for entry in entries.filter(rank__lte=TOLD_CHANGES).order_by("-number"):
        found.setdefault(int(entry.row_id), []).append(entry)
    return found


def change_text(entry: AuditEntry) -> str:
    """Who did what and when, in one line."""
    told = wording.sentences(entry)
    more = f"; and {len(told) - TOLD_SENTENCES} more" if len(told) > TOLD_SENTENCES else ""
    what = f"{'; '.join(told[:TOLD_SENTENCES])}{more}" or wording.deed(entry)
    why = f" (“{entry.reason}”)" if entry.reason else ""
    return f"{moment_text(entry.at)}, {entry.actor}: {what}{why}"
