"""What the page of margins is asked for."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from models_registry.choices import Category
from pricing.margins.watch import ORDERINGS, USUAL_ORDER

CSV = "csv"


class MarginsForm(forms.Form):
    """Which rows, and in which order; what is not asked for is all, the least margin first."""

    provider = forms.ChoiceField(required=False)
    category = forms.ChoiceField(required=False, choices=[("", "All"), *Category.choices])
    under_target = forms.ChoiceField(
        required=False, label="Target", choices=[("", "All"), ("true", "Under the target")]
    )
    ordering = forms.ChoiceField(
        required=False, choices=[(name, name) for name in ORDERINGS], widget=forms.HiddenInput
    )
    format = forms.ChoiceField(required=False, choices=[(CSV, CSV)], widget=forms.HiddenInput)

    def __init__(self, asked: QueryDict, *, providers: Sequence[str]) -> None:
        super().__init__(asked, auto_id="margins_%s")
        field: Any = self.fields["provider"]
        field.choices = [("", "All"), *((name, name) for name in providers)]

    @property
    def narrowed(self) -> dict[str, str]:
        """Columns of models, and what they have to be."""
        return {name: value for name in ("provider", "category") if (value := self._asked(name))}

    @property
    def wants_short(self) -> bool:
        return self._asked("under_target") == "true"

    @property
    def order(self) -> str:
        return self._asked("ordering") or USUAL_ORDER

    def _asked(self, name: str) -> str:
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))
