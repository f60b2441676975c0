"""The bodies of these writes, read strictly: what is unknown, missing or of another kind is named."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from rest_framework.exceptions import ErrorDetail, ValidationError

from models_registry.api.query import LONGEST_TEXT
from models_registry.usage.reports import READERS, Wrong
from models_registry.values import UNSTORABLE, is_whole, shown
from pricing.quotes.terms import ORDER

MOST_SECONDS = 1_000_000_000  # which no model offers
GENERATION_ID = "generation_id"
# What a redemption may repeat of the quote, to have it compared.
COMPARED = (*ORDER, "id", "created_at", "expires_at", "signature")


class Redemption(NamedTuple):
    """For which generation, and what the caller was shown."""

    generation_id: str
    said: dict[str, Any]


def read_question(body: Mapping[str, Any]) -> dict[str, Any]:
    """What to quote: the arguments of `services.hold`. Raises ValidationError, keyed by field."""
    readers = {"model_id": _text, "quality": _text, "duration": _seconds, "with_audio": _sound}
    return _read(body, readers, required=("model_id", "quality", "duration"))


def read_redemption(body: Mapping[str, Any]) -> Redemption:
    """Raises ValidationError, keyed by field."""
    readers = {GENERATION_ID: READERS[GENERATION_ID], **dict.fromkeys(COMPARED, _as_it_is)}
    said = _read(body, readers, required=[GENERATION_ID])
    return Redemption(said.pop(GENERATION_ID), said)


def _read(
    body: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]], *, required: Collection[str]
) -> dict[str, Any]:
    known = f"There is no such field. Known ones: {', '.join(readers)}."
    problems = {name: ErrorDetail(known, "unknown_field") for name in body if name not in readers}
    read = {}
    for name, reader in readers.items():
        if name in required and body.get(name) is None:
            code = "null" if name in body else "required"
            problems[name] = ErrorDetail("This field is needed; give it a value.", code)
        elif name in body:
            try:
                read[name] = reader(body[name])
            except Wrong as wrong:
                code, message = wrong.args
                problems[name] = ErrorDetail(message, code)
    if problems:
        raise ValidationError({name: [problem] for name, problem in problems.items()})
    return read


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("invalid", f"{shown(value)} is not a text.")
    if not value:
        raise Wrong("blank", "Give it a value.")
    if len(value) > LONGEST_TEXT:
        raise Wrong("max_length", f"At most {LONGEST_TEXT} characters, not {len(value):,}.")
    if UNSTORABLE.search(value):
        raise Wrong("invalid_text", "The text holds a NUL or half a surrogate pair; take it out.")
    return value


def _seconds(value: Any) -> int:
    """JSON has but one kind of number: 8.0 is 8."""
    if isinstance(value, Decimal) and abs(value.adjusted()) < 10 and value == value.to_integral_value():
        value = int(value)
    if not is_whole(value) or abs(value) > MOST_SECONDS:
        raise Wrong("invalid", f"{shown(value)} are no whole seconds, as in 8.")
    return int(value)


def _sound(value: Any) -> bool | None:
    if value is None or value is True or value is False:
        return value
    raise Wrong("invalid", f"{shown(value)} is not true, false or null.")


def _as_it_is(value: Any) -> Any:
    return value
