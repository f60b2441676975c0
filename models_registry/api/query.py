"""Reading query strings strictly: what is misspelt, repeated or malformed is refused, never ignored."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from models_registry.values import parse_moment, shown

PAGE_PARAMETERS = frozenset({"page", "page_size"})
LONGEST_TEXT = 200
FLAGS = {"true": True, "false": False}
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,100}")


def refuse_unknown(
    query: QueryDict,
    *,
    known: Collection[str],
    repeatable: Collection[str] = (),
    may_be_empty: Collection[str] = (),
) -> None:
    """Raise ValidationError, naming the parameter, unless every one is known, single and filled."""
    problems = {}
    for name, values in query.lists():
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            problems[name] = ErrorDetail(
                f"There is no parameter {shown(name)}. Known ones: {listed}.", "unknown_parameter"
            )
        elif len(values) > 1 and name not in repeatable:
            problems[name] = ErrorDetail(f"Give {name} once, not {len(values)} times.", "repeated")
        elif "" in values and name not in may_be_empty:
            problems[name] = ErrorDetail(f"Give {name} a value, or leave it out.", "blank")
    if problems:
        raise ValidationError({name: [problem] for name, problem in problems.items()})


def read_query(
    request: Request,
    serializer_class: "type[serializers.Serializer[Any]]",
    *,
    besides: Collection[str] = (),
) -> dict[str, Any]:
    """The query string as `serializer_class` declares it; what is known `besides` is read elsewhere.

    Raises ValidationError, keyed by parameter.
    """
    query = request.query_params
    refuse_unknown(query, known={*serializer_class().fields, *besides})
    serializer = serializer_class(data=query.dict())
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def refuse_any(request: Request) -> None:
    """For addresses that take no parameters at all."""
    refuse_unknown(request.query_params, known=())


TEXT_SCHEMA = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": r"^[^\u0000]+$"}


@extend_schema_field(TEXT_SCHEMA)
class TextField(serializers.CharField):
    """A short text, taken literally."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_TEXT, trim_whitespace=False, **kwargs)


class WholeNumberField(serializers.IntegerField):
    """A whole number in ASCII digits; `5.0`, `+5`, ` 5` and other scripts' digits are none."""

    default_error_messages = {"invalid": "{value} is not a whole number; write it in digits, as in 8."}

    def to_internal_value(self, data: object) -> int:
        if not isinstance(data, str) or not WHOLE_NUMBER.fullmatch(data):
            self.fail("invalid", value=shown(data))
        return int(data)


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentField(serializers.Field):
    """A time with its zone (RFC 3339)."""

    def to_internal_value(self, data: object) -> datetime:
        try:
            return parse_moment(data)
        except ValueError as error:
            raise ValidationError(f"{error}; write a + as %2B.", "invalid") from error


@extend_schema_field({"type": "boolean"})
class FlagField(serializers.Field):
    """`true` or `false`, in just these letters."""

    def to_internal_value(self, data: object) -> bool:
        if data not in FLAGS:
            raise ValidationError(f"{shown(data)} is neither true nor false.", "invalid_choice")
        return FLAGS[str(data)]


class CapabilityQuery(serializers.Serializer[Any]):
    """One combination of duration and quality."""

    duration = WholeNumberField(help_text="Seconds.")
    quality = TextField(help_text="The key of a quality tier.")
