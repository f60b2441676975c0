"""Form fields that read what people type as strictly as the API reads JSON.

Django's own take `1_0.5`, other scripts' digits and exponents for numbers, and show lists as raw JSON.
"""

import csv
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms

from models_registry.audit.occasion import REASON_LENGTH
from models_registry.choices import HIGHEST_COST
from models_registry.models import QualityTier
from models_registry.strict_json import json_path, path_at, read_value
from models_registry.values import CONTROL, decimal_text, parse_decimal, same, shown

PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")
LOCAL_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?", re.ASCII)
LINE_END = re.compile("\r\n?")
LONGEST_LIST_TEXT = 5_000
MONOSPACE = {"class": "vLargeTextField monospace", "rows": 8, "spellcheck": "false", "autocomplete": "off"}
USUAL_DURATIONS = (4, 5, 6, 8, 10, 12)  # seconds; one click away


class DecimalTextField(forms.DecimalField):
    """A decimal in plain ASCII digits; shown without trailing zeros."""

    widget = forms.TextInput(attrs={"class": "decimal", "inputmode": "decimal", "autocomplete": "off"})
    default_error_messages = {"invalid": "Write a decimal number in digits, as in 0.75."}

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        if value in self.empty_values:
            return None
        text = str(value).strip()
        if not PLAIN_DECIMAL.fullmatch(text):
            raise forms.ValidationError(self.error_messages["invalid"], "invalid")
        return parse_decimal(text)

    def prepare_value(self, value: Any) -> Any:
        return decimal_text(value) if isinstance(value, Decimal) else value


class PriceField(DecimalTextField):
    """US dollars a second."""

    default_error_messages = {
        "min_value": "A second costs more than $0.",
        "max_value": f"A second costs at most ${HIGHEST_COST}.",
    }


class WholeNumberField(forms.IntegerField):
    """A whole number in ASCII digits."""

    widget = forms.TextInput(attrs={"class": "whole-number", "inputmode": "numeric", "autocomplete": "off"})
    default_error_messages = {"invalid": "Write a whole number in digits, as in 8."}

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        text = str(value).strip()
        if not WHOLE_NUMBER.fullmatch(text):
            raise forms.ValidationError(self.error_messages["invalid"], "invalid")
        return int(text)


class MomentField(forms.DateTimeField):
    """A moment in UTC, to the second, as browsers send it; where they have no picker, as people write it."""

    widget = forms.DateTimeInput(
        format="%Y-%m-%dT%H:%M:%S",
        attrs={"type": "datetime-local", "step": "1", "class": "moment", "autocomplete": "off"},
    )
    default_error_messages = {"invalid": "Write a moment in UTC, as in 2026-12-31 18:00:00."}

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        text = str(value).strip()
        try:
            if not LOCAL_MOMENT.fullmatch(text):
                raise ValueError
            return datetime.fromisoformat(text.removesuffix("Z")).replace(microsecond=0, tzinfo=UTC)
        except ValueError:
            raise forms.ValidationError(self.error_messages["invalid"], "invalid") from None


class MultilineField(forms.CharField):
    """Text of several lines. Browsers send every line end as two characters; one is stored and counted.

    Texts that were imported may hold line ends of either old kind, which browsers turn into the same two.
    """

    widget = forms.Textarea(attrs={"class": "vLargeTextField", "rows": 6})

    def to_python(self, value: Any) -> str | None:
        return super().to_python(LINE_END.sub("\n", value) if isinstance(value, str) else value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.to_python(initial), data)


class JSONColumnField(forms.CharField):
    """A text that stands for the value of a JSON column; `encoder` and `decoder` are the column's, unused."""

    def __init__(self, *, encoder: Any = None, decoder: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return not same(self.to_python(data), initial)
        except forms.ValidationError:
            return True

    def validate(self, value: Any) -> None:
        """Only that it is there; the rules are the model's."""
        if self.required and not value:
            raise forms.ValidationError(self.error_messages["required"], "required")

    def run_validators(self, value: Any) -> None:
        """The text's validators went over the text, in `to_python`."""

    def checked_text(self, value: Any) -> str:
        text = super().to_python(value) or ""
        super().run_validators(text)
        return str(text)


class DurationsField(JSONColumnField):
    """Seconds, comma separated: `5, 9` is [5, 9]."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_LIST_TEXT, **kwargs)
        self.help_text = "Whole seconds, separated by commas, as in 5, 9."
        self.widget.attrs |= {
            "inputmode": "text",
            "autocomplete": "off",
            "data-chips": "seconds",
            "data-usual": " ".join(map(str, USUAL_DURATIONS)),
        }

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        items = [item.strip() for item in self.checked_text(value).split(",")]
        return sorted({self._seconds(item) for item in items if item})

    def _seconds(self, item: str) -> int:
        if not WHOLE_NUMBER.fullmatch(item):
            raise forms.ValidationError(
                f"{shown(item)} is no duration. Write whole seconds, separated by commas, as in 5, 9.",
                "invalid",
            )
        return int(item)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value


class TagsField(JSONColumnField):
    """Tags, comma separated; one that holds a comma stands in double quotes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_LIST_TEXT, **kwargs)
        self.help_text = "Separated by commas, as in fast, cinematic."
        self.widget.attrs |= {"autocomplete": "off", "data-chips": "texts"}

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        try:
            rows = list(csv.reader([self.checked_text(value)], skipinitialspace=True, strict=True))
        except csv.Error as error:
            raise forms.ValidationError(
                'A double quote stands alone. Quote a whole tag, as in fast, "a, b".', "invalid"
            ) from error
        tags = [tag.strip() for row in rows for tag in row]
        return list(dict.fromkeys(tag for tag in tags if tag))

    def prepare_value(self, value: Any) -> Any:
        return comma_separated(value) if isinstance(value, list) else value


def comma_separated(tags: Iterable[object]) -> str:
    """What `TagsField` reads back as `tags`."""
    return ", ".join(map(_quoted, map(str, tags)))


def _quoted(tag: str) -> str:
    doubled = tag.replace('"', '""')
    return f'"{doubled}"' if re.search('[,"\n]', tag) else tag


class QualitiesField(forms.MultipleChoiceField):
    """The quality tiers there are, as checkboxes."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, *, encoder: Any = None, decoder: Any = None, **kwargs: Any) -> None:
        super().__init__(choices=quality_choices, **kwargs)
        self.help_text = ""


def quality_choices() -> list[tuple[str, str]]:
    return choices_of(QualityTier.objects.all())


def choices_of(tiers: Iterable[QualityTier]) -> list[tuple[str, str]]:
    return [(t.key, t.label if t.label.lower() == t.key else f"{t.label} ({t.key})") for t in tiers]


class ObjectField(JSONColumnField):
    """A JSON object as text, without what JSON does not know and what it would drop silently."""

    widget = forms.Textarea(attrs={**MONOSPACE, "data-json": "object"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        text = self.checked_text(value)
        parsed = parse_json(text) if text.strip() else {}
        if not isinstance(parsed, dict):
            raise forms.ValidationError(
                f"$: {shown(parsed)} is not a JSON object; write one in braces, as in {{}}.", "invalid"
            )
        return parsed

    def prepare_value(self, value: Any) -> Any:
        return json_text(value) if isinstance(value, dict) else value


def json_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def parse_json(text: str) -> Any:
    """Strict JSON. Raises ValidationError that says what is wrong with it, and where."""
    try:
        content, faults = read_value(text)
    except json.JSONDecodeError as error:
        place = f"{json_path(path_at(text, error.pos))}, line {error.lineno}, column {error.colno}"
        raise forms.ValidationError(f"This is not JSON: {error.msg} at {place}.", "invalid") from error
    if faults:
        raise forms.ValidationError(
            [
                forms.ValidationError(f"{json_path(fault.path)}: {fault.message}", fault.code)
                for fault in faults
            ]
        )
    return content


class SeenVersionField(forms.Field):
    """The version of the row that its reader saw, carried along unseen; None if it is missing or garbled.

    It never counts as a change: a row that nobody touched may be out of date.
    """

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def to_python(self, value: Any) -> int | None:
        text = str(value)
        return int(text) if WHOLE_NUMBER.fullmatch(text) else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class ReasonField(forms.CharField):
    """Why something is changed, for the history. It is no part of the row, so it never counts as a change."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=REASON_LENGTH,
            label="Reason",
            help_text="Optional; it stands in the history.",
            widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
            error_messages={
                "max_length": "A reason has at most %(limit_value)d characters, not %(show_value)d."
            },
        )

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if CONTROL.search(text):
            raise forms.ValidationError(
                "The reason holds a line break or control character; take it out.", "invalid_text"
            )
        return text

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


# Which of them stands for which column, for forms made from the model.
AI_MODEL_FIELDS: dict[str, type[forms.Field]] = {
    "description": MultilineField,
    "cost_per_second": PriceField,
    "supported_durations": DurationsField,
    "supported_qualities": QualitiesField,
    "max_duration": WholeNumberField,
    "fixed_duration": WholeNumberField,
    "tags": TagsField,
    "model_parameters": ObjectField,
    "requirements": ObjectField,
    "sunset_at": MomentField,
}
