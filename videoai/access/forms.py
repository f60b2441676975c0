"""The forms of what can be done with tokens in the admin."""

from collections.abc import Iterable

from django import forms

from models_registry.admin.fields import ReasonField
from videoai.access.models import NAME_LENGTH
from videoai.access.scopes import TOKEN_SCOPES
from videoai.access.times import NEVER, read_life, read_span

LIVES = {"7d": "7 days", "30d": "30 days", "90d": "90 days", "365d": "a year", NEVER: "for ever"}
OVERLAPS = {
    "0": "not at all",
    "1h": "for an hour",
    "24h": "for a day",
    "7d": "for 7 days",
    "30d": "for 30 days",
}


class DeedForm(forms.Form):
    """Something is done, and the audit trail keeps why."""

    change_reason = ReasonField()


class NewTokenForm(DeedForm):
    """`grantable` are the scopes that the person before the form may hand out."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        help_text="The program that will have it. No two live tokens have one name.",
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        widget=forms.CheckboxSelectMultiple,
        help_text="You can give what you may do yourself.",
    )
    expires_in = forms.TypedChoiceField(
        label="It lives", choices=list(LIVES.items()), initial="365d", coerce=read_life, empty_value=None
    )

    field_order = ("name", "scopes", "expires_in", "change_reason")

    def __init__(self, *args: object, grantable: Iterable[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = [(scope, f"{scope} – {TOKEN_SCOPES[scope]}") for scope in grantable]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]


class RotationForm(DeedForm):
    overlap = forms.TypedChoiceField(
        label="The old token goes on working",
        choices=list(OVERLAPS.items()),
        initial="24h",
        coerce=read_span,
        help_text="So that whoever has the old one can take over the new one in between.",
    )

    field_order = ("overlap", "change_reason")
