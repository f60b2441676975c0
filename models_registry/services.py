"""Every write of the catalogue. One transaction each: lock, check, change, store.

All of them begin by locking the catalogue revision, so writers stand in one line: the rules about the one
default, about taken ids and about tiers in use then hold without any further lock. On SQLite the immediate
transaction does the same. Readers never wait.
"""

from collections.abc import Callable, Collection, Mapping
from copy import copy
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.utils import timezone

from models_registry import lifecycle, turning, validation, watching
from models_registry.choices import STATISTICS, Status
from models_registry.errors import (
    DefaultModelRequired,
    DefaultMustBeActive,
    ModelIdTaken,
    ModelNotRetired,
    StaleModel,
    TierInUse,
)
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from models_registry.transactions import same_again, whole
from models_registry.values import same

FieldErrors = dict[str, list[ValidationError]]

IMMUTABLE = frozenset({"model_id"})
# What nobody can guess for a new model; the description may be empty, but somebody has to say so.
REQUIRED = (
    "model_id",
    "name",
    "description",
    "cost_per_second",
    "supported_durations",
    "supported_qualities",
    "provider",
    "replicate_model_id",
)
NEEDED_TO_REPLACE = tuple(name for name in REQUIRED if name not in IMMUTABLE)


@whole
def create(values: Mapping[str, Any], *, confirmed: bool = False) -> AIModel:
    """Add a model. The first one to be active becomes the default, whatever `values` say of that.

    Raises ValidationError (keyed by field), ModelIdTaken or DefaultMustBeActive, and what watchers raise.
    """
    CatalogueRevision.objects.lock()
    model = created(values, claim=_claim_default, refuse_taken=refuse_taken_id)
    watching.ask(None, model, confirmed=confirmed)
    model.save(force_insert=True)
    return model


@whole
def revise(
    model: AIModel,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None = None,
    required: Collection[str] = (),
    confirmed: bool = False,
) -> AIModel:
    """Change some fields of `model`; a change to what already stands changes nothing.

    `expected_version` is the `version_number` that the writer has seen; `required` have to be in `changes`.
    Raises ValidationError (keyed by field), StaleModel, DefaultModelRequired or DefaultMustBeActive; and
    ConfirmationRequired for what is unusual, unless it is `confirmed`.
    """
    CatalogueRevision.objects.lock()
    stored = _seen(model, expected_version)
    standing = copy(stored)
    changed = revised(stored, changes, required=required, claim=_claim_default)
    if not changed:
        return stored
    watching.ask(standing, stored, confirmed=confirmed)
    stored.save(update_fields=[*changed, "deprecated_at"])
    return stored


def replace(
    model: AIModel,
    values: Mapping[str, Any],
    *,
    expected_version: int | None = None,
    confirmed: bool = False,
) -> AIModel:
    """Like `revise`, but whoever left out a field that a new model needs has forgotten it.

    The others stay as they are: taking `is_active` for true would put a retired model on sale.
    """
    return revise(
        model,
        values,
        expected_version=expected_version,
        required=NEEDED_TO_REPLACE,
        confirmed=confirmed,
    )


@whole
def retire(model: AIModel, *, expected_version: int | None = None) -> AIModel:
    """Take `model` off sale for good; its id stays taken. Retiring it again changes nothing.

    The default hands over to its successor first. Raises StaleModel, or DefaultModelRequired if that is not
    active.
    """
    CatalogueRevision.objects.lock()
    stored = _seen(model, expected_version)
    if stored.is_default:
        _hand_over(stored)
    return revise(stored, Status.RETIRED.flags)


@whole
def restore(model: AIModel, *, expected_version: int | None = None, confirmed: bool = False) -> AIModel:
    """Bring a retired model back as active; on an active one this changes nothing.

    A sunset that has passed is taken off: it would retire the model again at once.
    Raises StaleModel, ModelNotRetired for a draft or a deprecated model, ValidationError if the row breaks a
    rule by now (say, a quality tier that is gone); and ConfirmationRequired, like `revise`.
    """
    CatalogueRevision.objects.lock()
    stored = _seen(model, expected_version)
    return revise(stored, restoring(stored), confirmed=confirmed)


def make_default(model: AIModel, *, expected_version: int | None = None) -> AIModel:
    """Move the default flag to `model`; no reader ever sees two defaults, or none.

    Raises StaleModel, or DefaultMustBeActive unless it is active and not deprecated.
    """
    return revise(model, {"is_default": True}, expected_version=expected_version)


@whole
def revise_tier(tier: QualityTier, changes: Mapping[str, Any], *, confirmed: bool = False) -> QualityTier:
    """Change some columns of `tier`. Raises ValidationError (keyed by field) or ConfirmationRequired."""
    CatalogueRevision.objects.lock()
    stored = QualityTier.objects.select_for_update().get(pk=tier.pk)
    standing = copy(stored)
    for name, value in changes.items():
        setattr(stored, name, value)
    stored.full_clean(validate_constraints=False)
    watching.ask(standing, stored, confirmed=confirmed)
    stored.save(update_fields=list(changes))
    return stored


@whole
def delete_tier(tier: QualityTier) -> None:
    """Raises TierInUse while any model, retired ones included, offers the quality or has a rate for it."""
    CatalogueRevision.objects.lock()
    refuse_tier_in_use(tier.key)
    try:
        copy(tier).delete()  # the caller's keeps its key, should all this begin anew
    except ProtectedError as error:
        raise TierInUse(tier.key, sorted(map(str, error.protected_objects))[:5]) from error


def carry_out_what_is_due() -> None:
    """Let what was set to change by now have changed. One query while nothing is due; see `turning`."""
    if turning.is_due():
        same_again(CatalogueRevision.objects.lock)()


# --- What becomes of one row; nothing is stored ----------------------------------------------------------


def created(
    values: Mapping[str, Any],
    *,
    claim: Callable[..., None],
    refuse_taken: Callable[[str], None],
    known_qualities: Collection[str] | None = None,
) -> AIModel:
    """A new model by every rule of a row; see `revised`. Raises what `create` says.

    `refuse_taken` raises ModelIdTaken.
    """
    errors = _missing(values, REQUIRED) | _unwritable(values)
    model = AIModel(**{name: value for name, value in values.items() if name not in errors})
    _refuse_unfit(model, errors, before={}, known_qualities=known_qualities)
    refuse_taken(model.model_id)
    wants_default, model.is_default = model.is_default, False
    _stamp_deprecation(model)
    claim(model, wanted=wants_default)
    return model


def revised(
    stored: AIModel,
    changes: Mapping[str, Any],
    *,
    required: Collection[str] = (),
    claim: Callable[..., None],
    known_qualities: Collection[str] | None = None,
) -> list[str]:
    """Make `changes` to `stored` by every rule of a row, and tell which of its fields have changed.

    `claim` gives it the default flag, if it is `wanted` or free; `known_qualities` are the tiers' keys (None:
    they are looked up). Raises what `revise` says, but StaleModel.
    """
    errors = _missing(changes, required) | _unwritable(changes) | _immutable(stored, changes)
    before = state(stored)
    for name in changes.keys() - errors.keys():
        setattr(stored, name, changes[name])
    if errors or not _only_takes_off_sale(changes):
        _refuse_unfit(stored, errors, before=before, known_qualities=known_qualities)
    refuse_leaving_default(stored, was_default=before["is_default"])
    wants_default, stored.is_default = stored.is_default, before["is_default"]
    _stamp_deprecation(stored)
    claim(stored, wanted=wants_default)
    return [name for name, value in state(stored).items() if not same(value, before[name])]


def restoring(stored: AIModel) -> dict[str, Any]:
    """The changes that bring a retired model back. Raises ModelNotRetired."""
    if stored.status not in {Status.RETIRED, Status.ACTIVE}:
        raise ModelNotRetired(stored.model_id, stored.status)
    is_over = stored.status == Status.RETIRED and lifecycle.has_passed(stored.sunset_at, now=timezone.now())
    return {**Status.ACTIVE.flags, **({"sunset_at": None} if is_over else {})}


# --- Rules that need the other rows, asked by forms too --------------------------------------------------


def refuse_taken_id(model_id: str) -> None:
    taken_by = (
        AIModel.objects.filter(model_id__lower=model_id.lower()).values_list("model_id", flat=True).first()
    )
    if taken_by is not None:
        raise ModelIdTaken(model_id, taken_by)


def refuse_leaving_default(model: AIModel, *, was_default: bool) -> None:
    """Raise DefaultModelRequired if `model` was the default and, as it now is, could not stay it."""
    if not was_default:
        return
    for name, wanted in {"is_default": True, **Status.ACTIVE.flags}.items():
        if getattr(model, name) != wanted:
            raise DefaultModelRequired(model.model_id, field=name, successor=model.successor)


def refuse_tier_in_use(key: str) -> None:
    users = list(AIModel.objects.by_quality(key).values_list("model_id", flat=True)[:5])
    if users:
        raise TierInUse(key, users)


# --- Steps -----------------------------------------------------------------------------------------------


def state(model: AIModel) -> dict[str, Any]:
    """The fields that people and files may set, with their values."""
    return {column.name: getattr(model, column.attname) for column in validation.editable_fields(model)}


def _seen(model: AIModel, expected_version: int | None) -> AIModel:
    """The stored row of `model`, ours until the transaction ends. Raises StaleModel for another version.

    Its key stays: who records a generation of it need not wait, nor do two of them wait for each other.
    """
    stored = AIModel.objects.select_for_update(no_key=True).get(pk=model.pk)
    if expected_version not in {None, stored.version_number}:
        raise StaleModel(stored.model_id)
    return stored


def _missing(values: Mapping[str, Any], required: Collection[str]) -> FieldErrors:
    missing = ValidationError("This field is needed; give it a value.", "required")
    return {name: [missing] for name in required if name not in values}


def _unwritable(values: Mapping[str, Any]) -> FieldErrors:
    writable = {column.name for column in validation.editable_fields(AIModel)}
    kept = {column.name for column in AIModel._meta.concrete_fields} | STATISTICS | {"status"}
    read_only = ValidationError("The system keeps this field; leave it out.", "read_only")
    unknown = ValidationError("There is no such field to write.", "unknown_field")
    return {name: [read_only if name in kept else unknown] for name in values if name not in writable}


def _immutable(stored: AIModel, changes: Mapping[str, Any]) -> FieldErrors:
    refusal = ValidationError("This can't be changed; create another model instead.", "immutable")
    return {
        name: [refusal] for name in IMMUTABLE if name in changes and changes[name] != getattr(stored, name)
    }


def _refuse_unfit(
    model: AIModel, errors: FieldErrors, *, before: Mapping[str, Any], known_qualities: Collection[str] | None
) -> None:
    """Raise ValidationError that names `errors` and every rule that the other fields break."""
    found = dict(errors)
    model.known_qualities = known_qualities
    try:
        model.full_clean(errors, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        error.update_error_dict(found)
    model.known_qualities = None  # by the next time that it is checked there may be others
    if not found.keys() & {"is_active", *lifecycle.FIELDS}:  # or their values may be anything
        found |= lifecycle.faults(model, before=before, now=timezone.now())
    if found:
        raise ValidationError(found)


def _only_takes_off_sale(changes: Mapping[str, Any]) -> bool:
    """A row that breaks a rule by now can't be changed, but it can always be taken off sale."""
    return any(same(dict(changes), flags) for flags in ({"is_active": False}, Status.RETIRED.flags))


def _stamp_deprecation(model: AIModel) -> None:
    if not model.is_deprecated:
        model.deprecated_at = None
    elif model.deprecated_at is None:
        model.deprecated_at = timezone.now()


def _hand_over(model: AIModel) -> None:
    """Let the heir of `model` be the default in its place. Raises DefaultModelRequired if there is none."""
    heir = lifecycle.heir_of(model)
    if heir is None:
        raise DefaultModelRequired(model.model_id, field="is_active", successor=model.successor)
    for row, is_default in ((model, False), (heir, True)):
        row.is_default = is_default
        row.save(update_fields=["is_default"])


def _claim_default(model: AIModel, *, wanted: bool) -> None:
    """Give `model` the flag if it is wanted, or if nobody has it and `model` is active.

    The flag leaves its old row first, or the unique constraint would refuse the new one.
    """
    if model.is_default:
        return
    if wanted and model.status != Status.ACTIVE:
        raise DefaultMustBeActive(model.model_id, model.status)
    holder = AIModel.objects.default().first()
    if holder is not None and wanted:
        holder.is_default = False
        holder.save(update_fields=["is_default"])
    model.is_default = wanted or (holder is None and model.status == Status.ACTIVE)
