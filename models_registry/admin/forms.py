"""Forms that ask what the services will ask, so that what is wrong is said beside the field."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms.models import construct_instance
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html

from models_registry import lifecycle, services
from models_registry.admin.fields import AI_MODEL_FIELDS, MomentField, ReasonField, SeenVersionField
from models_registry.audit import wording
from models_registry.audit.audited import Audited
from models_registry.errors import CatalogueError, ConfirmationRequired
from models_registry.models import AIModel
from models_registry.validation import editable_fields
from models_registry.values import shown

Refusal = CatalogueError | ValidationError
REFUSALS = (CatalogueError, ValidationError)
ANSWER = "confirm_price_change"


class ReasonForm(forms.Form):
    """The reason alone, where there is no form of a row: in the list, and before something is deleted."""

    change_reason = ReasonField()


class CatalogueForm(forms.ModelForm):
    """A form whose row a service writes.

    A field with `show_hidden_initial` carries along what its reader saw: only what they changed is written,
    and not over somebody else's change of the same field.

    `refusals` are what the service said no to, by primary key, when the form was sent a moment ago. If that
    was a `question`, the page shows it with a box to tick, whose value names just that question: `confirmed`
    is set for as long as that is carried out. `looks_only`: it was sent to see what would happen, and can't
    be saved.
    """

    refusals: Mapping[Any, Refusal] = {}
    question: ConfirmationRequired | None = None
    confirmed = False
    looks_only = False

    change_reason = ReasonField()

    def is_valid(self) -> bool:
        return super().is_valid() and not self.looks_only

    @property
    def answer(self) -> str:
        """Which question was answered with yes; empty: none."""
        return str(self.data.get(self.add_prefix(ANSWER), ""))

    @property
    def answer_name(self) -> str:
        return self.add_prefix(ANSWER)

    @property
    def values(self) -> dict[str, Any]:
        """What was typed for the row, checked: column → value."""
        return {name: value for name, value in self.cleaned_data.items() if name in (self._meta.fields or ())}

    @cached_property
    def changed_data(self) -> list[str]:
        """What the writer changed, less what stands in the row by now as they typed it."""
        changed: list[str] = super().changed_data
        return [name for name in changed if self._differs_from_stored(name, self[name].data)]

    def _differs_from_stored(self, name: str, sent: Any) -> bool:
        return self.fields[name].has_changed(self[name].initial, sent)

    def _post_clean(self) -> None:
        self._refuse_overwriting()
        super()._post_clean()  # type: ignore[misc]
        self.add_refused()

    def _refuse_overwriting(self) -> None:
        for name in self.changed_data:
            field, address = self.fields[name], self.add_initial_prefix(name)
            seen = self.data.get(address)
            if (
                field.show_hidden_initial
                and name not in self.errors
                and self._differs_from_stored(name, seen)
            ):
                self.add_error(name, self._overwriting(name, seen))
                # Whoever reads the refusal and saves again does so knowingly.
                self._show_as_seen(address, field.prepare_value(self[name].initial))

    def _show_as_seen(self, address: str, value: Any) -> None:
        sent: Any = self.data
        sent = sent.copy()
        sent[address] = value
        self.data = sent

    def _overwriting(self, name: str, seen: Any) -> str:
        return (
            f"{self.fields[name].label} is now {self.shown_stored(name)}; you saw {shown_plainly(seen)}. "
            "Save again to put your value in its place."
        )

    def shown_stored(self, name: str) -> str:
        return shown_plainly(self.fields[name].prepare_value(self[name].initial))

    def add_refused(self) -> None:
        refusal = self.refusals.get(self.instance.pk)
        if refusal is not None:
            self.add_problem(refusal)

    def add_problem(self, problem: Refusal) -> None:
        """Say `problem`, an error of a service or of the model, beside its field."""
        if isinstance(problem, ConfirmationRequired):
            self.question = problem
            problem = ValidationError(in_a_form(problem))
        elif isinstance(problem, CatalogueError):
            problem = ValidationError({problem.field or NON_FIELD_ERRORS: [problem.message]})
        self._update_errors(problem)

    def _update_errors(self, errors: ValidationError) -> None:
        """Django's, but an error of a field that the form lacks goes to the top; Django would raise."""
        found = errors.error_dict if hasattr(errors, "error_dict") else {NON_FIELD_ERRORS: errors.error_list}
        homes: dict[str, list[ValidationError]] = {}
        for name, problems in found.items():
            if name in self.fields or name == NON_FIELD_ERRORS:
                homes.setdefault(name, []).extend(problems)
            else:
                homes.setdefault(NON_FIELD_ERRORS, []).extend(self._named(name, problems))
        super()._update_errors(ValidationError(homes))  # type: ignore[misc]

    def _named(self, name: str, problems: list[ValidationError]) -> Iterator[ValidationError]:
        label = self.instance._meta.get_field(name).verbose_name
        for problem in problems:
            yield ValidationError(f"{label}: {' '.join(problem.messages)}", problem.code)


def in_a_form(question: ConfirmationRequired) -> str:
    return f"{question.finding} If that is meant, tick the box and do it again."


def refusal_words(model: type[Audited], refusal: Refusal) -> list[str]:
    if isinstance(refusal, ConfirmationRequired):
        return [in_a_form(refusal)]
    if isinstance(refusal, CatalogueError):
        return [refusal.message]
    if not hasattr(refusal, "error_dict"):
        return list(refusal.messages)
    return [
        message if name == NON_FIELD_ERRORS else f"{wording.label(model.audit_kind, name)}: {message}"
        for name, told in refusal.message_dict.items()
        for message in told
    ]


def shown_plainly(value: Any) -> str:
    """`value` as its reader sees it in the form, if it is short and there."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None or value == "":
        return "none"
    return value if isinstance(value, str) and len(value) <= 60 else shown(value)


class AIModelForm(CatalogueForm):
    """A model's form; also the base of a row in the list."""

    version_number = SeenVersionField()

    class Meta:
        model = AIModel
        fields: Collection[str] = [
            column.name for column in editable_fields(AIModel) if column.name != "is_default"
        ]
        field_classes = AI_MODEL_FIELDS
        widgets = {"sunset_at": MomentField.widget}  # or the admin would put two inputs in its place

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            del self.fields["version_number"]
        else:
            self.fields["version_number"].initial = self.instance.version_number

    @property
    def is_stale(self) -> bool:
        """The row has another version by now than the one the form was filled in from, or it does not say."""
        return bool(
            self.is_bound
            and "version_number" in self.fields
            and self.has_changed()
            and self.cleaned_data.get("version_number") != self.instance.version_number
        )

    def _post_clean(self) -> None:
        """Check the row as the services do: all of it, by the model's rules, then beside the other rows."""
        if self.is_stale:
            self.add_error(None, self.stale_message())
            return
        construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        for check in (self._check_row, self._check_lifecycle, self._check_beside_others):
            try:
                check()
            except REFUSALS as problem:
                self.add_problem(problem)
        self.add_refused()

    def _check_row(self) -> None:
        wrong_already = set(self.errors)
        try:
            self.instance.full_clean(wrong_already, validate_unique=False, validate_constraints=False)
        except ValidationError as problem:
            fresh = {name: e for name, e in problem.error_dict.items() if name not in wrong_already}
            if fresh:
                raise ValidationError(fresh) from problem

    def _check_lifecycle(self) -> None:
        names = {"is_active", *lifecycle.FIELDS}
        if self.errors.keys() & names:
            return
        is_new = self.instance.pk is None
        # What the form does not show stands in the row as it stood.
        before = {} if is_new else {n: self.initial.get(n, getattr(self.instance, n)) for n in names}
        found = lifecycle.faults(self.instance, before=before, now=timezone.now())
        if found:
            raise ValidationError(found)

    def _check_beside_others(self) -> None:
        if self.instance.pk is not None:
            services.refuse_leaving_default(self.instance, was_default=self.instance.is_default)
        elif "model_id" not in self.errors:
            services.refuse_taken_id(self.instance.model_id)

    def stale_message(self) -> str:
        # Not "reload": that would send the same form again.
        return format_html(
            '{} {}Nothing was saved. <a href="{}">Open the form afresh</a> and make your change again.',
            self.why_stale(),
            self._stored_now(),
            reverse("admin:models_registry_aimodel_change", args=[self.instance.pk]),
        )

    def why_stale(self) -> str:
        model_id = self.instance.model_id
        if self.cleaned_data.get("version_number") is None:
            return f"The form does not say which version of {model_id} it was filled in from."
        return f"{model_id} was changed by somebody else in the meantime."

    def _stored_now(self) -> str:
        """What stands in the row where the form has something else."""
        return "".join(
            f"{self.fields[name].label} is now {self.shown_stored(name)}. " for name in self.changed_data
        )

    @property
    def changes(self) -> dict[str, Any]:
        """What the writer changed, for the service: field → new value."""
        return {name: value for name, value in self.values.items() if name in self.changed_data}

    # --- Writing, once the form is valid -----------------------------------------------------------------

    def create(self) -> AIModel:
        """Add the model. Raises what `services.create` raises."""
        return services.create(self.values, confirmed=self.confirmed)

    def revise(self, model: AIModel) -> None:
        """Write what was changed of `model`. Raises what `services.revise` raises."""
        # Who changed nothing has nothing to be refused, whatever others changed meanwhile.
        if self.changes:
            version = self.cleaned_data["version_number"]
            services.revise(model, self.changes, expected_version=version, confirmed=self.confirmed)
