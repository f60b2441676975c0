"""The body of a preview: read strictly, every fault by its place in it, and described for OpenAPI."""

from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias, cast

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from models_registry.api.openapi import MODEL_ID_PATTERN
from models_registry.choices import MODEL_ID_LENGTH
from models_registry.models import AIModel, QualityTier
from models_registry.values import is_whole, parse_decimal, shown
from pricing.models import PricingPolicy, Rate
from pricing.preview import SupposedModel, Supposition
from pricing.schedule.deeds import MOST

Column: TypeAlias = "models.Field[Any, Any]"
MOST_MODELS = 1_000
below_what_columns_hold = MaxValueValidator(MOST)  # SQLite's columns hold more

POLICY: dict[str, Column] = {
    name: cast(Column, PricingPolicy._meta.get_field(name))
    for name in (
        "profit_margin",
        "credits_per_dollar",
        "max_credits_per_generation",
        "max_duration_per_generation",
        "max_cost_per_second",
    )
}
MULTIPLIER: Column = QualityTier._meta.get_field("cost_multiplier")
COST: Column = AIModel._meta.get_field("cost_per_second")
RATE: Column = Rate._meta.get_field("amount")
PARTS = ("policy", "multipliers", "models")
OF_A_MODEL = ("model_id", "cost_per_second", "rates")


def read_supposition(body: Mapping[str, Any]) -> Supposition:
    """Raises ValidationError, keyed by the place in the body, as in `models.0.rates.720p`."""
    reader = _Reader()
    found = reader.supposition(body)
    if reader.errors:
        raise ValidationError(reader.errors)
    return found


class _Reader:
    """Reads on after a fault, so that one answer tells them all."""

    def __init__(self) -> None:
        self.errors: dict[str, list[ValidationError]] = {}

    def supposition(self, body: Mapping[str, Any]) -> Supposition:
        self._known(body, PARTS, "")
        found = Supposition(
            policy=self._policy(body["policy"]) if "policy" in body else {},
            tiers=self._tiers(body["multipliers"]) if "multipliers" in body else {},
            models=list(self._models(body["models"])) if "models" in body else [],
        )
        if not self.errors and not (found.policy or found.tiers or found.models):
            self._fault("non_field_errors", "required", f"Name a change: {', '.join(PARTS)}.")
        return found

    def _policy(self, value: Any) -> dict[str, Any]:
        given = self._object(value, "policy")
        self._known(given, POLICY, "policy.")
        names = [name for name in POLICY if name in given]
        return {name: self._value(POLICY[name], given[name], f"policy.{name}") for name in names}

    def _tiers(self, value: Any) -> dict[str, dict[str, Any]]:
        given = self._object(value, "multipliers")
        return {
            key: {"cost_multiplier": self._value(MULTIPLIER, factor, f"multipliers.{key}")}
            for key, factor in given.items()
        }

    def _models(self, value: Any) -> Iterator[SupposedModel]:
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_MODELS:
            self._fault("models", "invalid", f"Give a list of 1 to {MOST_MODELS:,} objects.")
            return
        met: set[str] = set()
        for number, item in enumerate(value):
            model = self._model(self._object(item, f"models.{number}"), f"models.{number}")
            if model.model_id in met:
                self._fault(f"models.{number}.model_id", "repeated", "Give each model once.")
            met.add(model.model_id)
            yield model

    def _model(self, given: Mapping[str, Any], place: str) -> SupposedModel:
        self._known(given, OF_A_MODEL, f"{place}.")
        model_id = given.get("model_id")
        if not isinstance(model_id, str) or not model_id or "\0" in model_id:
            self._fault(f"{place}.model_id", "required", "Say which model: its id, as a text.")
        rates = self._object(given["rates"], f"{place}.rates") if "rates" in given else {}
        if "cost_per_second" not in given and not rates:
            self._fault(place, "required", "Name a change: cost_per_second, rates.")
        return SupposedModel(
            str(model_id),
            self._value(COST, given["cost_per_second"], f"{place}.cost_per_second")
            if "cost_per_second" in given
            else None,
            {key: self._rate(amount, f"{place}.rates.{key}") for key, amount in rates.items()},
        )

    def _rate(self, value: Any, place: str) -> Any:
        return None if value is None else self._value(RATE, value, place)

    def _value(self, column: Column, value: Any, place: str) -> Any:
        try:
            return read_value(column, value)
        except ValidationError as error:
            self.errors.setdefault(place, []).extend(error.error_list)
            return None

    def _object(self, value: Any, place: str) -> Mapping[str, Any]:
        if isinstance(value, dict) and value:
            return value
        self._fault(place, "invalid", f"{shown(value)} is no JSON object with something in it.")
        return {}

    def _known(self, given: Mapping[str, Any], known: Collection[str], prefix: str) -> None:
        for name in given.keys() - set(known):
            told = f"There is no such field. Known ones: {', '.join(known)}."
            self._fault(f"{prefix}{name}", "unknown_field", told)

    def _fault(self, place: str, code: str, message: str) -> None:
        self.errors.setdefault(place, []).append(ValidationError(message, code))


def read_value(column: Column, value: Any) -> Any:
    """`value` of the body as the column holds it. Raises ValidationError."""
    if value is None and column.null:
        return None
    if isinstance(column, models.IntegerField):
        if not is_whole(value):
            raise ValidationError(f"{shown(value)} is no whole number.", "invalid")
        below_what_columns_hold(value)
        return column.clean(value, None)
    try:
        exact = parse_decimal(value)
    except ValueError as error:
        told = f'{shown(value)} is no exact decimal number, such as "0.4".'
        raise ValidationError(told, "invalid") from error
    return column.clean(exact, None)


# --- For the OpenAPI document ----------------------------------------------------------------------------


def _limits(column: Column) -> tuple[Decimal, Decimal]:
    found: dict[type, Any] = {
        type(one): one.limit_value for one in column.validators if hasattr(one, "limit_value")
    }
    return Decimal(found[MinValueValidator]), Decimal(min(found.get(MaxValueValidator, MOST), MOST))


def _amount(column: Column) -> dict[str, Any]:
    """A decimal above 0 up to the column's limit, which is a power of ten; as a text or a number."""
    lowest, highest = _limits(column)
    decimals = getattr(column, "decimal_places", 0)
    digits = len(str(int(highest))) - 1
    below = rf"[0-9]{{1,{digits}}}(\.[0-9]{{1,{decimals}}})?"
    pattern = rf"^(?!0+(\.0+)?$)({int(highest)}(\.0{{1,{decimals}}})?|{below})$"
    kinds: list[dict[str, Any]] = [
        {"type": "string", "pattern": pattern},
        {"type": "number", "minimum": float(lowest), "maximum": int(highest)},
    ]
    return {"oneOf": [*kinds, {"type": "null"}] if column.null else kinds}


def _number(column: Column) -> dict[str, Any]:
    lowest, highest = _limits(column)
    kind = ["integer", "null"] if column.null else "integer"
    return {"type": kind, "minimum": int(lowest), "maximum": int(highest)}


def _shape(column: Column) -> dict[str, Any]:
    draw: Callable[[Column], dict[str, Any]] = _number if isinstance(column, models.IntegerField) else _amount
    return draw(column)


def _of(properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}


def _by_quality(column: Column, *, may_be_null: bool = False) -> dict[str, Any]:
    shape = _shape(column)
    shape["oneOf"] = [*shape["oneOf"], *([{"type": "null"}] if may_be_null else [])]
    return {"type": "object", "additionalProperties": shape, "minProperties": 1}


RATES = {
    **_by_quality(RATE, may_be_null=True),
    "description": "By quality, dollars a second; null takes a rate away. The others stay.",
}
MODEL = _of(
    {
        "model_id": {"type": "string", "maxLength": MODEL_ID_LENGTH, "pattern": MODEL_ID_PATTERN},
        "cost_per_second": _shape(COST),
        "rates": RATES,
    },
    required=["model_id"],
    minProperties=2,
)
BODY = {
    "application/json": _of(
        {
            "policy": _of({name: _shape(column) for name, column in POLICY.items()}, minProperties=1),
            "multipliers": {
                **_by_quality(MULTIPLIER),
                "description": "By quality, in place of the tier's own.",
            },
            "models": {"type": "array", "items": MODEL, "minItems": 1, "maxItems": MOST_MODELS},
        },
        minProperties=1,
    )
}
