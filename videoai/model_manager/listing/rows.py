"""The rows of the list, which ask before a model goes off sale that is used, or its prices move far."""

from django.utils import timezone

from models_registry.admin.forms import in_a_form
from models_registry.admin.rows import AIModelRowForm, AIModelRows
from models_registry.errors import ConfirmationRequired
from models_registry.models import AIModel
from pricing import guards
from videoai.model_manager.leaving import AnswerField, cautions

REPRICING = frozenset({"cost_per_second", "is_active"})


class ModelRow(AIModelRowForm):
    anyway = AnswerField(required=False)

    asks = False  # shows the box, and why
    open_questions = 0
    prices_known = False  # what becomes of them was looked at together with the other rows'

    @property
    def is_edited(self) -> bool:
        """It came back with what was typed."""
        return self.is_bound and self.has_changed()

    @property
    def leaves(self) -> bool:
        """It takes the model off sale, and nothing is wrong with that so far."""
        return bool(
            self.is_bound
            and "is_active" in self.changed_data
            and self.cleaned_data.get("is_active") is False
            and not self.errors
        )

    @property
    def reprices(self) -> bool:
        """It changes the price, or puts the model on sale at whatever it costs by now."""
        return self.is_bound and bool(REPRICING.intersection(self.changed_data)) and not self.errors

    @property
    def only_asks(self) -> bool:
        """All that keeps it from being saved is a question that nobody has answered."""
        return bool(self.errors) and self.open_questions == sum(map(len, self.errors.values()))

    def refuse_as_sent_twice(self) -> None:
        self.open_questions = 0
        super().refuse_as_sent_twice()

    def revise(self, model: AIModel) -> None:
        self.confirmed = self.confirmed or self.prices_known
        super().revise(model)

    def ask_price(self, question: ConfirmationRequired) -> None:
        self.question = question
        if self.answer != question.digest:
            self.open_questions += 1
            self.add_error(None, in_a_form(question))

    def ask(self, cautions: list[str]) -> None:
        self.asks = True
        if not self.cleaned_data.get("anyway"):
            self.open_questions += 1
            told = f"{self.instance.model_id} would go off sale. {' '.join(cautions)}"
            self.add_error(None, f"{told} Nothing was saved: tick the box to go on, or leave it active.")


class ModelRows(AIModelRows):
    forms: "list[ModelRow]"  # type: ignore[assignment]

    @property
    def asking(self) -> list[ModelRow]:
        """The rows that wait for an answer, if nothing else is wrong with any of them."""
        refused = [form for form in self.forms if form.is_bound and form.errors]
        only_ask = all(form.only_asks for form in refused) and not self.non_form_errors()
        return refused if only_ask else []

    def clean(self) -> None:
        leaving = {form.instance.pk: form for form in self.forms if form.instance.pk and form.leaves}
        if leaving:
            found = cautions([form.instance for form in leaving.values()], now=timezone.now())
            for pk, sentences in found.items():
                leaving[pk].ask(sentences)
        repriced = {form.instance.pk: form for form in self.forms if form.instance.pk and form.reprices}
        if repriced:
            for pk, question in guards.questions(form.instance for form in repriced.values()).items():
                repriced[pk].ask_price(question)
            for form in repriced.values():
                form.prices_known = not form.errors
        super().clean()
