"""The rules that no single column can say: types, shapes, and how the fields of one row fit together.

Every path that writes a model (service, form, importer, API) ends in `AIModel.full_clean`, which asks here.
Also the capability check: can this model make a clip of that duration and quality?
"""

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from models_registry import choices
from models_registry.strict_json import step_text
from models_registry.values import (
    CONTROL,
    UNSTORABLE,
    is_whole,
    parse_decimal,
    parse_moment,
    rfc3339,
    shown,
)

if TYPE_CHECKING:
    from models_registry.models import AIModel

MODEL_ID_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*"
MODEL_ID = re.compile(rf"{MODEL_ID_SEGMENT}(?:/{MODEL_ID_SEGMENT})*")

MOST_NAMED = 10  # wrong items of one list; a short body can hold half a million

TEXTS = ("model_id", "name", "description", "version", "provider", "replicate_model_id", "successor")
LISTS = ("supported_durations", "supported_qualities", "tags")
OBJECTS = ("model_parameters", "requirements")


# --- Types -----------------------------------------------------------------------------------------------


def _is_right_type(column: "models.Field[Any, Any]", value: object) -> bool:
    if isinstance(column, models.BooleanField):
        return isinstance(value, bool)
    if isinstance(column, models.DecimalField):
        return isinstance(value, Decimal)
    if isinstance(column, models.IntegerField):
        return is_whole(value)
    if isinstance(column, models.JSONField):
        return isinstance(value, dict if column.name in OBJECTS else list)
    if isinstance(column, models.DateTimeField):
        return isinstance(value, datetime) and value.tzinfo is not None
    return isinstance(value, str)


EXPECTED = {
    models.BooleanField: "true or false",
    models.DecimalField: 'a decimal number such as "0.75"',
    models.IntegerField: "a whole number",
    models.JSONField: "a list",
    models.DateTimeField: 'a moment such as "2026-12-31T00:00:00Z" (RFC 3339, with its zone)',
    models.Field: "a text",
}


def _expected(column: "models.Field[Any, Any]") -> str:
    if column.name in OBJECTS:
        return "a JSON object"
    return next(words for kind, words in EXPECTED.items() if isinstance(column, kind))


def editable_fields(model: "AIModel | type[AIModel]") -> "list[models.Field[Any, Any]]":
    """The columns that people and files may set."""
    return [column for column in model._meta.concrete_fields if column.editable and not column.primary_key]


def wrong_types(model: "AIModel") -> dict[str, ValidationError]:
    """The fields whose value has the wrong type; Django would turn `True` into a price of 1."""
    errors = {}
    for column in editable_fields(model):
        value = getattr(model, column.attname)
        if value is None and not column.null:
            errors[column.name] = ValidationError("This can't be null.", "null")
        elif value is not None and not _is_right_type(column, value):
            # Without params: the value may hold a `%`, which would be taken for a place to fill in.
            errors[column.name] = ValidationError(f"{shown(value)} is not {_expected(column)}.", "invalid")
    return errors


def _whole_second(moment: datetime) -> datetime:
    """`moment`, or the second that begins next: nothing goes before it was said to."""
    whole = moment.replace(microsecond=0)
    return whole if whole == moment else whole + timedelta(seconds=1)


def normalise(model: "AIModel") -> None:
    """Write the values of `model` the one way they are stored; what is of the wrong type stays as it is."""
    for name in TEXTS:
        value = getattr(model, name)
        if isinstance(value, str):
            setattr(model, name, value.strip())
    with suppress(ValueError):  # which `wrong_types` will name
        model.cost_per_second = parse_decimal(model.cost_per_second)
    with suppress(ValueError, OverflowError):
        model.sunset_at = _whole_second(parse_moment(model.sunset_at))
    for name in (*LISTS, *OBJECTS):
        setattr(model, name, _plain_json(getattr(model, name)))
    durations = model.supported_durations
    if _is_short(durations, choices.DURATIONS) and all(map(is_whole, durations)):
        model.supported_durations = sorted(set(durations))
    model.supported_qualities = _without_repeats(model.supported_qualities)
    if _is_short(model.tags, choices.TAGS):
        model.tags = _without_repeats(model.tags)


def _is_short(items: object, most: int) -> bool:
    """Lists above their limit are left as they came, for the limit to refuse them."""
    return isinstance(items, list) and len(items) <= most


def _without_repeats(items: Any) -> Any:
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return list(dict.fromkeys(item.strip() for item in items))
    return items


def _plain_json(value: Any, depth: int = 0) -> Any:
    """`value` with its decimals as the floats that JSON columns store."""
    if depth > choices.JSON_DEPTH:
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _plain_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_json(item, depth + 1) for item in value]
    return value


# --- The row as a whole ----------------------------------------------------------------------------------

Problem = tuple[str, str, str]  # field, code, message


def check_row(model: "AIModel", *, known_qualities: Collection[str]) -> None:
    """Raise ValidationError, keyed by field, unless every rule of the row holds.

    Fields of the wrong type are passed over here: `wrong_types` has named them.
    """
    typed = {c.name for c in editable_fields(model)} - wrong_types(model).keys()
    problems = [
        *_text_problems(model, typed),
        *_category_problems(model.category),
        *_model_id_problems(model.model_id if "model_id" in typed else ""),
        *_tag_problems(model.tags if "tags" in typed else []),
        *_sunset_problems(model.sunset_at if "sunset_at" in typed else None),
        *_successor_problems(model, model.successor if "successor" in typed else None),
    ]
    if "supported_qualities" in typed:
        problems += _quality_problems(model.supported_qualities, known_qualities)
    if {"supported_durations", "fixed_duration", "max_duration"} <= typed:
        problems += _duration_problems(model)
    for name in OBJECTS:
        if name in typed:
            problems += _object_problems(name, getattr(model, name))
    errors: dict[str, list[ValidationError]] = {}
    for name, code, message in problems:
        errors.setdefault(name, []).append(ValidationError(message, code))
    if errors:
        raise ValidationError(errors)


def _text_problems(model: "AIModel", typed: Collection[str]) -> Iterator[Problem]:
    for name in TEXTS:
        text = (getattr(model, name) if name in typed else None) or ""
        if UNSTORABLE.search(text):
            yield name, "invalid_text", "The text holds a NUL or half a surrogate pair; take it out."
        elif name != "description" and CONTROL.search(text):
            yield name, "invalid_text", "The text holds a line break or control character; take it out."


def _model_id_problems(model_id: str) -> Iterator[Problem]:
    if not model_id:
        return
    segments = model_id.split("/")
    if not MODEL_ID.fullmatch(model_id):
        message = (
            f"{shown(model_id)} is no model id: segments of ASCII letters, digits, '.', '_' and '-', each "
            "beginning with a letter or digit, joined by '/'."
        )
        yield "model_id", "invalid", message
    elif len(segments) > choices.MODEL_ID_SEGMENTS:
        yield (
            "model_id",
            "invalid",
            f"An id has at most {choices.MODEL_ID_SEGMENTS} segments, not {len(segments)}.",
        )
    elif (
        model_id.lower() in choices.RESERVED_MODEL_IDS
        or segments[-1].lower() in choices.RESERVED_LAST_SEGMENTS
    ):
        yield (
            "model_id",
            "reserved",
            f"{shown(model_id)} can't be an id: the API uses this address for something else.",
        )


def _category_problems(category: str | None) -> Iterator[Problem]:
    if category == "":  # which Django's own check of choices lets pass
        yield "category", "invalid_choice", "An empty text is no category; null stands for none."


def _sunset_problems(sunset_at: datetime | None) -> Iterator[Problem]:
    earliest, latest = choices.EARLIEST_SUNSET, choices.LATEST_SUNSET
    if sunset_at is not None and not earliest <= sunset_at < latest:
        told = f"{rfc3339(sunset_at)} is no likely sunset: from {earliest.year} to {latest.year - 1}."
        yield "sunset_at", "invalid", told


def _successor_problems(model: "AIModel", successor: str | None) -> Iterator[Problem]:
    """Whether there is such a model is asked beside the other rows, by the services."""
    if successor == "":
        yield "successor", "blank", "Give the id of a model, or null for none."
    elif successor is not None and successor == model.model_id:
        yield "successor", "cyclic", "A model can't be its own successor."


def _tag_problems(tags: list[object]) -> Iterator[Problem]:
    if len(tags) > choices.TAGS:
        yield "tags", "max_items", f"At most {choices.TAGS} tags, not {len(tags)}."
        return
    for tag in tags:
        if not isinstance(tag, str):
            yield "tags", "invalid", f"{shown(tag)} is not a text."
        elif not 1 <= len(tag) <= choices.TAG_LENGTH:
            yield (
                "tags",
                "max_length",
                f"A tag has 1 to {choices.TAG_LENGTH} characters; {shown(tag)} has {len(tag)}.",
            )
        elif UNSTORABLE.search(tag) or CONTROL.search(tag):
            yield "tags", "invalid_text", f"{shown(tag)} holds a control character; take it out."


def _quality_problems(qualities: list[object], known: Collection[str]) -> Iterator[Problem]:
    if not qualities:
        yield "supported_qualities", "required", "Give at least one quality."
    unknown = [quality for quality in qualities if not isinstance(quality, str) or quality not in known]
    for quality in unknown[:MOST_NAMED]:
        yield (
            "supported_qualities",
            "unknown_quality",
            f"{shown(quality)} is no quality tier. There are: {', '.join(sorted(known)) or 'none yet'}.",
        )


def _duration_problems(model: "AIModel") -> Iterator[Problem]:
    durations, fixed, longest = model.supported_durations, model.fixed_duration, model.max_duration
    if not 1 <= len(durations) <= choices.DURATIONS:
        yield (
            "supported_durations",
            "required" if not durations else "max_items",
            f"Give 1 to {choices.DURATIONS} durations, not {len(durations)}.",
        )
        return
    wrong = [
        item
        for item in durations
        if not is_whole(item) or not choices.SHORTEST_DURATION <= item <= choices.LONGEST_DURATION
    ]
    for item in wrong:
        allowed = f"{choices.SHORTEST_DURATION} to {choices.LONGEST_DURATION}"
        yield "supported_durations", "invalid", f"{shown(item)} is no duration: whole seconds from {allowed}."
    if wrong:
        return
    if fixed is not None and durations != [fixed]:
        yield (
            "fixed_duration",
            "not_the_only_duration",
            f"A fixed duration of {fixed} s has to be the only duration; offered are {shown(durations)}.",
        )
    if longest is not None and max(durations) > longest:
        yield (
            "max_duration",
            "shorter_than_duration",
            f"{longest} s is shorter than the offered duration of {max(durations)} s.",
        )


def _object_problems(name: str, value: dict[str, object]) -> Iterator[Problem]:
    # First of all: the walks below take seconds on a value of a whole body's size.
    size = _bytes_of_json(value)
    if size is not None and size > choices.JSON_BYTES:
        yield name, "too_large", f"$: At most {choices.JSON_BYTES:,} bytes of JSON, not {size:,}."
        return
    for path, item, depth in _walk(value):
        if depth > choices.JSON_DEPTH:
            yield name, "too_deep", f"{path}: JSON may be nested at most {choices.JSON_DEPTH} deep."
            return
        if isinstance(item, float) and not math.isfinite(item):
            yield name, "invalid", f"{path}: {item} is no JSON number."
            return
    for path, item, _ in _walk(value):
        if isinstance(item, str) and UNSTORABLE.search(item):
            yield name, "invalid_text", f"{path}: The text holds a NUL or half a surrogate pair; take it out."
            return
    if size is None:
        yield name, "invalid", "$: This is not JSON."


def _bytes_of_json(value: object) -> int | None:
    """None for what is no JSON, or nested so deep that it can't be written."""
    try:
        return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    except (TypeError, ValueError, RecursionError):
        return None


def _walk(value: object) -> Iterator[tuple[str, object, int]]:
    """Every value and key inside `value` with its path and depth; no recursion, so no depth breaks it."""
    waiting: list[tuple[str, object, int]] = [("$", value, 1)]
    while waiting:
        path, item, depth = waiting.pop()
        yield path, item, depth
        if depth > choices.JSON_DEPTH:
            continue
        if isinstance(item, dict):
            waiting += [(path, key, depth) for key in item]
            waiting += [(f"{path}{step_text(str(key))}", inner, depth + 1) for key, inner in item.items()]
        elif isinstance(item, list):
            waiting += [(f"{path}{step_text(index)}", inner, depth + 1) for index, inner in enumerate(item)]


# --- What a model can do ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Capability:
    """Whether a model makes clips of some duration and quality, and if not, why and what it does make."""

    model_id: str
    code: str | None = None
    reason: str | None = None
    durations: list[int] = field(default_factory=list)
    qualities: list[str] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        return self.code is None

    @property
    def alternatives(self) -> dict[str, list[int] | list[str]]:
        return {"durations": self.durations, "qualities": self.qualities}


def check_capability(model_id: str, model: "AIModel | None", *, duration: int, quality: str) -> Capability:
    """Ask `model` (None: there is no such model for sale) for clips of `duration` seconds in `quality`."""
    if model is None or not model.is_active:
        return Capability(model_id, "model_unavailable", "No model of this id is for sale.")
    makes_duration = duration in model.supported_durations
    makes_quality = quality in model.supported_qualities
    if makes_duration and makes_quality:
        return Capability(model_id)
    reasons = []
    if not makes_duration:
        reasons.append(f"{shown(duration)} s is not offered; {_listed(model.supported_durations, ' s')} is.")
    if not makes_quality:
        reasons.append(f"Quality {shown(quality)} is not offered; {_listed(model.supported_qualities)} is.")
    return Capability(
        model_id,
        "unsupported_quality" if makes_duration else "unsupported_duration",
        " ".join(reasons),
        durations=[] if makes_duration else model.supported_durations,
        qualities=[] if makes_quality else model.supported_qualities,
    )


def _listed(items: Iterable[object], unit: str = "") -> str:
    listed = " or ".join(str(item) for item in items)
    return f"{listed}{unit}" if listed else "nothing"
