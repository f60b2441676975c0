"""What the page is asked to show: all of it stands in the address, and is read strictly."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from models_registry.choices import Category, Status
from models_registry.models import AIModel
from models_registry.usage.admin.ranges import (
    MOST_PERIODS,
    PRESETS,
    USUAL,
    automatic,
    days_between,
    fits,
    recent,
)
from models_registry.usage.periods import DAY, EARLIEST
from models_registry.usage.reports import MOST_NAMED
from models_registry.usage.windows import Per, Window, number_of_periods
from models_registry.values import shown

DAY_TEXT = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
CSV = "csv"
AMONG_MODELS = {"model": "model_id", "provider": "provider", "category": "category"}  # and their columns
LONG = f"At most {MOST_PERIODS} fit into a chart"


class Narrowed(TypedDict):
    models: "QuerySet[AIModel] | None"
    quality: str | None


@dataclass(frozen=True)
class Chosen:
    """What is shown. `asked` is what of it stood in the address, without what was no good."""

    window: Window
    preset: str | None
    per: Per
    model: AIModel | None
    models: "QuerySet[AIModel] | None"
    quality: str | None
    asked: dict[str, str]

    @property
    def narrowed(self) -> Narrowed:
        """To what figures are narrowed."""
        return {"models": self.models, "quality": self.quality}

    def address(self, **changes: str | None) -> str:
        """The querystring of this, with `changes`; None leaves one out."""
        values = {**self.asked, **changes}
        return "?" + urlencode({name: value for name, value in values.items() if value})


class ListedField(forms.ChoiceField):
    """One of the listed values, or "" for any."""

    def validate(self, value: Any) -> None:
        if value and not self.valid_value(value):
            raise forms.ValidationError(f"{shown(value)} is none of those that are listed.", "invalid_choice")


class DayInput(forms.TextInput):
    """A calendar; browsers warn of what is no day."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        return value if value and day_of(value) else None


class DayField(forms.Field):
    """A day of the calendar, as in 2026-11-22."""

    widget = DayInput

    def to_python(self, value: Any) -> date | None:
        if not value:
            return None
        day = day_of(value)
        if day is None:
            raise forms.ValidationError(f"{shown(value)} is no day such as 2026-11-22.", "invalid")
        return day


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if DAY_TEXT.fullmatch(text) else None
    except ValueError:
        return None


class UsageForm(forms.Form):
    """The range, what it is cut into, and whose generations count."""

    use_required_attribute = False

    def __init__(
        self,
        query: QueryDict,
        *,
        models: Sequence[AIModel],
        tiers: Iterable[str],
        now: datetime,
        one: AIModel | None = None,
    ) -> None:
        """`one`: there is nothing to choose among models, as it is this one."""
        super().__init__(query, label_suffix="")
        self.query, self.now, self.one = query, now, one
        self.models = {model.model_id: model for model in models}
        providers = sorted({model.provider for model in models})
        self.fields = {
            "from": DayField(label="From", required=False),
            "to": DayField(label="To", required=False, help_text="included"),
            "per": _listed("Per", Per.choices, blank="automatic"),
            "quality": _listed("Quality", [(key, key) for key in tiers]),
            "model": _listed("Model", [(model.model_id, _titled(model)) for model in models]),
            "provider": _listed("Provider", [(name, name) for name in providers]),
            "category": _listed("Category", Category.choices),
            "range": _listed("Range", [(key, preset.name) for key, preset in PRESETS.items()]),
            "format": _listed("Format", [(CSV, "CSV")]),
        }
        for name in AMONG_MODELS if one else ():
            del self.fields[name]

    # --- What is wrong -----------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        unknown = [name for name in self.query if name not in self.fields]
        for name in unknown[:MOST_NAMED]:
            self.add_error(None, f"There is no parameter {shown(name)}.")
        for name in self.fields:
            number = len(self.query.getlist(name))
            if number > 1:
                self.add_error(name, f"Give it once, not {number} times.")
        self._clean_days()
        self._clean_per()
        return self.cleaned_data

    def _clean_days(self) -> None:
        tomorrow = (self.now + DAY).date()
        for name in ("from", "to"):
            day = self.cleaned_data.get(name)
            if day is not None and not EARLIEST.date() <= day <= tomorrow:
                self.add_error(name, f"{day} is out of reach: from {EARLIEST.date()} to {tomorrow}.")
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if first and last and last < first:
            self.add_error("to", f"{last} lies before {first}.")

    def _clean_per(self) -> None:
        window, text = self._window(), self.cleaned_data.get("per")
        if text and not fits(window, Per(text)):
            number = number_of_periods(window, per=Per(text))
            self.add_error("per", f"{LONG}; this range has {number:,} {Per(text).label.lower()}s.")

    # --- What is right -----------------------------------------------------------------------------------

    def chosen(self) -> Chosen:
        """What can be shown, whatever else is wrong."""
        self.is_valid()
        window, preset = self._window(), None if self._days() else self._preset()
        asked = {name: str(value) for name, value in self.cleaned_data.items() if value and name != "format"}
        if preset is None:
            asked.pop("range", None)
        return Chosen(
            window=window,
            preset=preset,
            per=Per(asked["per"]) if "per" in asked else automatic(window),
            model=self.one or self.models.get(asked.get("model", "")),
            models=self._kept(asked),
            quality=asked.get("quality"),
            asked=asked,
        )

    def _window(self) -> Window:
        per = self.cleaned_data.get("per")
        return self._days() or recent(self._preset(), now=self.now, per=Per(per) if per else None)

    def _preset(self) -> str:
        return self.cleaned_data.get("range") or USUAL

    def _days(self) -> Window | None:
        """Those that were given; the last is today and the first a month before it, unless they say other."""
        first: date | None = self.cleaned_data.get("from")
        last: date | None = self.cleaned_data.get("to")
        if first is None and last is None:
            return None
        last = last or max(self.now.date(), first or EARLIEST.date())
        return days_between(first or max(EARLIEST.date(), last - 29 * DAY), last)

    def _kept(self, asked: dict[str, str]) -> "QuerySet[AIModel] | None":
        if self.one:
            return AIModel.objects.filter(pk=self.one.pk)
        filters = {column: asked[name] for name, column in AMONG_MODELS.items() if name in asked}
        return AIModel.objects.filter(**filters) if filters else None


def _listed(label: str, choices: Iterable[tuple[str, str]], *, blank: str = "all") -> ListedField:
    return ListedField(label=label, choices=[("", blank), *choices], required=False)


def _titled(model: AIModel) -> str:
    return model.model_id if model.status == Status.ACTIVE else f"{model.model_id} ({model.status})"
