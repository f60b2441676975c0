"""The body that schedules a change: what, of whom, from when on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

from models_registry.models import AIModel
from models_registry.values import UNSTORABLE, parse_moment, shown
from pricing.schedule.deeds import COLUMNS, Deed, said
from pricing.schedule.models import Kind

CHANGE, MODEL_ID, QUALITY, WITH_AUDIO, EFFECTIVE_FROM = (
    *("change", "model_id", "quality", "with_audio"),
    "effective_from",
)
# Whose price, for each kind, beside the new values; None: may be left out.
PLACES: Mapping[Kind, Mapping[str, bool]] = {
    Kind.PRICE: {MODEL_ID: True},
    Kind.RATE: {MODEL_ID: True, QUALITY: False, WITH_AUDIO: False},
    Kind.RATE_REMOVED: {MODEL_ID: True, QUALITY: False, WITH_AUDIO: False},
    Kind.POLICY: {},
    Kind.MULTIPLIER: {QUALITY: True},
}

Errors = dict[str, list[ValidationError]]


class Wish(NamedTuple):
    deed: Deed
    effective_from: datetime


def read_wish(body: Mapping[str, Any]) -> Wish:
    """What `body` asks for. Raises ValidationError that names every field that is wrong."""
    kind = _kind(body)
    errors = _misplaced(kind, body)
    place = {name: _read(name, body[name], errors) for name in PLACES[kind] if name in body}
    moment = _read(EFFECTIVE_FROM, body[EFFECTIVE_FROM], errors) if EFFECTIVE_FROM in body else None
    values: dict[str, Any] = {}
    try:
        values = said(kind, {name: body[name] for name in COLUMNS[kind] if name in body})
    except ValidationError as error:
        error.update_error_dict(errors)
    if errors or moment is None:
        raise ValidationError(errors)
    deed = Deed(kind, values, place.get(MODEL_ID), place.get(QUALITY) or "", with_audio=place.get(WITH_AUDIO))
    return Wish(deed, moment)


def _kind(body: Mapping[str, Any]) -> Kind:
    given = body.get(CHANGE)
    if not isinstance(given, str) or given not in Kind.values:
        known = ", ".join(Kind.values)
        told = f"{shown(given)} is none of {known}." if CHANGE in body else f"Say what changes: {known}."
        raise ValidationError({CHANGE: ValidationError(told, "invalid_choice" if given else "required")})
    return Kind(given)


def _misplaced(kind: Kind, body: Mapping[str, Any]) -> Errors:
    """What does not belong there, and what is missing."""
    known = {CHANGE, EFFECTIVE_FROM, *PLACES[kind], *COLUMNS[kind]}
    needed = [EFFECTIVE_FROM, *(name for name, is_needed in PLACES[kind].items() if is_needed)]
    errors: Errors = {
        name: [ValidationError(f"A change of kind {kind} has no such field.", "unknown_field")]
        for name in body
        if name not in known
    }
    missing = ValidationError("This field is needed; give it a value.", "required")
    return errors | {name: [missing] for name in needed if name not in body}


def _read(name: str, value: Any, errors: Errors) -> Any:
    try:
        return READERS[name](value)
    except ValidationError as error:
        errors[name] = [error]
    except ValueError as error:
        errors[name] = [ValidationError(f"{error}.", "invalid")]
    return None


def _model(value: Any) -> AIModel:
    model = AIModel.objects.with_model_id(value).first() if isinstance(value, str) else None
    if model is None:
        raise ValidationError(f"There is no model {shown(value)}.", "invalid")
    return model


def _quality(value: Any) -> str:
    """null stands for any quality; whether there is such a tier is asked of the services."""
    is_text = isinstance(value, str) and 0 < len(value) <= 30 and not UNSTORABLE.search(value)
    if value is not None and not is_text:
        raise ValidationError(f"{shown(value)} is no key of a quality tier.", "unknown_quality")
    return value or ""


def _with_audio(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValidationError(f"{shown(value)} is neither true, false nor null.", "invalid")
    return value


READERS = {
    MODEL_ID: _model,
    QUALITY: _quality,
    WITH_AUDIO: _with_audio,
    EFFECTIVE_FROM: parse_moment,
}
