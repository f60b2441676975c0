"""What differs between the catalogue before and after, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from models_registry.values import same
from videoai.exchange.catalogue import Catalogue


class Absent(Enum):
    """The value of a rate that is not there; None is a value of its own."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True)
class FieldChange:
    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ModelChange:
    """A model that is new or differs in some fields; of a new one, all fields."""

    model_id: str
    is_new: bool
    fields: tuple[FieldChange, ...]


def compare(before: Catalogue, after: Catalogue) -> list[ModelChange]:
    """The models of `after` that are new or changed; none ever leaves the catalogue."""
    changes = [_change(model_id, before, after) for model_id in after.models]
    return [change for change in changes if change.fields]


def _change(model_id: str, before: Catalogue, after: Catalogue) -> ModelChange:
    is_new = model_id not in before.models
    old = {} if is_new else before.fields(model_id)
    return ModelChange(model_id, is_new, tuple(_field_changes(old, after.fields(model_id))))


def _field_changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[FieldChange]:
    for name in [*new, *(name for name in old if name not in new)]:
        before, after = old.get(name, ABSENT), new.get(name, ABSENT)
        if not same(before, after):
            yield FieldChange(name, before, after)
