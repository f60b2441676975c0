"""What a scheduled change changes: how it is read, carried out and told, a kind at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from models_registry import services as catalogue
from models_registry.models import AIModel, QualityTier
from models_registry.values import (
    UNSTORABLE,
    decimal_text,
    is_whole,
    parse_decimal,
    parse_moment,
    rfc3339,
    shown,
)
from pricing import services
from pricing.models import Layer, PricingPolicy, Rate
from pricing.models.rate import SAID
from pricing.schedule.models import Kind, ScheduledChange

MOST = 2**31 - 1  # that PostgreSQL's columns hold
TABLES: Mapping[str, type[models.Model]] = {
    Kind.PRICE: AIModel,
    Kind.RATE: Rate,
    Kind.RATE_REMOVED: Rate,
    Kind.POLICY: PricingPolicy,
    Kind.MULTIPLIER: QualityTier,
}
# The columns that a change of each kind may set.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    Kind.PRICE: ("cost_per_second",),
    Kind.RATE: SAID,
    Kind.RATE_REMOVED: (),
    Kind.POLICY: (
        *("profit_margin", "credits_per_dollar", "target_margin"),
        *("max_credits_per_generation", "max_duration_per_generation", "max_cost_per_second"),
    ),
    Kind.MULTIPLIER: ("cost_multiplier",),
}
REQUIRED: Mapping[str, tuple[str, ...]] = {
    Kind.PRICE: ("cost_per_second",),
    Kind.RATE: ("amount",),
    Kind.MULTIPLIER: ("cost_multiplier",),
}


@dataclass(frozen=True)
class Deed:
    """A change, whenever it happens. `values` are in JSON's types, as `said` makes them."""

    kind: Kind
    values: Mapping[str, Any] = field(default_factory=dict)
    model: AIModel | None = None
    quality: str = ""  # of a rate (empty: any) or of a tier
    with_audio: bool | None = None

    @property
    def target(self) -> str:
        """The same for two changes of which only one can count at a moment."""
        if self.kind == Kind.POLICY:
            return "policy"
        if self.kind == Kind.MULTIPLIER:
            return f"tier {self.quality}"
        pk = self.model.pk if self.model else None
        return f"model {pk}" if self.kind == Kind.PRICE else f"rate {pk} {self.quality} {self.with_audio}"


def deed_of(change: ScheduledChange) -> Deed:
    return Deed(Kind(change.kind), change.values, change.model, change.quality, change.with_audio)


def said(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    """The new values, in JSON's types. Raises ValidationError, keyed by column, for what is of a wrong type,
    missing or unknown; whether they fit is asked of the services.
    """
    errors: dict[str, Any] = {
        name: ValidationError("This field is needed; give it a value.", "required")
        for name in REQUIRED.get(kind, ())
        if name not in given
    }
    if not given and kind == Kind.POLICY:
        errors["change"] = ValidationError("Name at least one value of the policy.", "required")
    values = {}
    for name, value in given.items():
        try:
            values[name] = _in_json(kind, name, value)
        except ValidationError as error:
            errors[name] = error
    if errors:
        raise ValidationError(errors)
    return values


def _in_json(kind: Kind, name: str, value: Any) -> Any:
    if name not in COLUMNS[kind]:
        raise ValidationError(f"A change of kind {kind} has no such field.", "unknown_field")
    column: Any = TABLES[kind]._meta.get_field(name)
    if value is None:
        if not column.null:
            raise ValidationError("This field is never null.", "null")
        return None
    try:
        return _reader(column)(value)
    except ValueError as error:
        raise ValidationError(f"{error}.", "invalid") from error


def _reader(column: "models.Field[Any, Any]") -> Callable[[Any], Any]:
    """What reads a value for `column` into JSON's types. Raises ValueError."""
    if isinstance(column, models.DecimalField):
        return lambda value: decimal_text(parse_decimal(value))
    if isinstance(column, models.DateTimeField):
        return lambda value: rfc3339(parse_moment(value))
    return _whole if isinstance(column, models.IntegerField) else _text


def _whole(value: Any) -> int:
    if not is_whole(value) or not 0 <= value <= MOST:
        raise ValueError(f"{shown(value)} is no whole number from 0 to {MOST:,}")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or UNSTORABLE.search(value):
        raise ValueError(f"{shown(value)} is no text")
    return value


def values_of(deed: Deed) -> dict[str, Any]:
    """The new values as columns have them. Raises ValidationError, keyed by column."""
    table, values, errors = TABLES[deed.kind], {}, {}
    for name, value in deed.values.items():
        column: Any = table._meta.get_field(name)
        try:
            values[name] = column.to_python(value)
        except ValidationError as error:
            errors[name] = error
    if errors:
        raise ValidationError(errors)
    return values


def priced_since(deed: Deed) -> datetime | None:
    """Since when what it would change stands as it does; None: there is nothing yet."""
    rows: models.QuerySet[Any]
    if deed.kind in {Kind.RATE, Kind.RATE_REMOVED}:
        place: dict[str, Any] = {"quality": deed.quality or None, "with_audio": deed.with_audio}
        rows = Rate.objects.at(_model(deed).pk, Layer.OVERRIDE, **place)
    elif deed.kind == Kind.PRICE:
        rows = AIModel.objects.filter(pk=_model(deed).pk)
    elif deed.kind == Kind.MULTIPLIER:
        rows = QualityTier.objects.filter(key=deed.quality)
    else:
        rows = PricingPolicy.objects.all()
    since: datetime | None = rows.values_list("priced_at", flat=True).first()
    return since


def carry_out(deed: Deed, *, confirmed: bool) -> None:
    """Change it now. Raises ValidationError, keyed by field, or CatalogueError."""
    CARRIERS[deed.kind](deed, confirmed)


def _change_price(deed: Deed, confirmed: bool) -> None:
    catalogue.revise(_model(deed), values_of(deed), confirmed=confirmed)


def _put_rate(deed: Deed, confirmed: bool) -> None:
    place = {"quality_id": deed.quality or None, "with_audio": deed.with_audio}
    services.put_rate(_model(deed), {**place, **values_of(deed)}, confirmed=confirmed)


def _remove_rate(deed: Deed, confirmed: bool) -> None:
    place: dict[str, Any] = {"quality": deed.quality or None, "with_audio": deed.with_audio}
    rate = Rate.objects.at(_model(deed).pk, Layer.OVERRIDE, **place).first()
    if rate is None:
        raise ValidationError({"quality": ValidationError("There is no such rate set by hand.", "invalid")})
    services.remove_rate(rate, confirmed=confirmed)


def _set_policy(deed: Deed, confirmed: bool) -> None:
    services.set_policy(values_of(deed), confirmed=confirmed)


def _change_multiplier(deed: Deed, confirmed: bool) -> None:
    tier = QualityTier.objects.filter(key=deed.quality).first()
    if tier is None:
        told = f"There is no quality {shown(deed.quality)}."
        raise ValidationError({"quality": ValidationError(told, "unknown_quality")})
    catalogue.revise_tier(tier, values_of(deed), confirmed=confirmed)


def _model(deed: Deed) -> AIModel:
    if deed.model is None:
        raise ValidationError({"model_id": ValidationError("Name a model.", "required")})
    return deed.model


CARRIERS: Mapping[str, Callable[[Deed, bool], None]] = {
    Kind.PRICE: _change_price,
    Kind.RATE: _put_rate,
    Kind.RATE_REMOVED: _remove_rate,
    Kind.POLICY: _set_policy,
    Kind.MULTIPLIER: _change_multiplier,
}


def words(change: ScheduledChange) -> str:
    """As in `$0.6 a second`, `rate for 720p: 0.4` and `margin 1.4, credits per dollar 50`."""
    deed = deed_of(change)
    if deed.kind == Kind.PRICE:
        return f"${deed.values.get('cost_per_second')} a second"
    if deed.kind == Kind.MULTIPLIER:
        return f"times {deed.values.get('cost_multiplier')}"
    if deed.kind == Kind.POLICY:
        return ", ".join(
            f"{name.replace('_', ' ')} {'none' if value is None else value}"
            for name, value in deed.values.items()
        )
    rate = Rate(quality_id=deed.quality or None, with_audio=deed.with_audio, **values_of(deed))
    return f"no rate for {rate.place}" if deed.kind == Kind.RATE_REMOVED else f"{rate.place}: ${rate.words}"
