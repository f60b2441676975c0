"""Changes of many models at once: by the rules of one, with the trail of one after the other, or not at all.

What the rules have to know of other rows is read once, and rows are stored in few statements (for how few,
see `audit.storing`). So the catalogue's lock, which keeps all other writers out, is held a short time.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

from models_registry import services, watching
from models_registry.audit.storing import Draft, store_all
from models_registry.choices import Status
from models_registry.errors import StaleModel
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from models_registry.transactions import whole


class Revision(NamedTuple):
    """What is to become of one model, and which version of it the writer has seen (None: any)."""

    model: AIModel
    changes: Mapping[str, Any]  # of anything but `is_default`, which `services.make_default` moves
    expected_version: int | None = None


@whole
def revise_all(revisions: Sequence[Revision], *, confirmed: bool = False) -> None:
    """As `services.revise` of one after the other, each of another model. Raises what the first one raises.

    The default flag goes to the first that comes on sale while nobody has it.
    """
    CatalogueRevision.objects.lock()
    store_all(list(drafts_of(revisions, confirmed=confirmed).values()))


@whole
def retire_all(models: Sequence[AIModel]) -> None:
    """As `services.retire` of one after the other, but the default has to have handed over before.

    Raises DefaultModelRequired if it has not.
    """
    revise_all([Revision(model, Status.RETIRED.flags) for model in models])


@whole
def restore_all(models: Sequence[AIModel], *, confirmed: bool = False) -> None:
    """As `services.restore` of one after the other."""
    CatalogueRevision.objects.lock()
    stored = _locked(models)
    revisions = [Revision(model, services.restoring(stored[model.pk])) for model in models]
    revise_all(revisions, confirmed=confirmed)


def drafts_of(revisions: Sequence[Revision], *, confirmed: bool) -> dict[int, Draft]:
    """By primary key what `revise_all` is to store; needs the catalogue's lock, and writes nothing.

    What already stands as it is wanted is left out.
    """
    stored = _locked([revision.model for revision in revisions])
    known_qualities, claim = QualityTier.objects.known_keys(), _Claim()
    steps, fields = [], {"deprecated_at"}
    for revision in revisions:
        row = stored[revision.model.pk]
        if revision.expected_version not in {None, row.version_number}:
            raise StaleModel(row.model_id)
        standing = copy(row)
        changed = _revised(row, revision.changes, claim, known_qualities)
        fields |= changed
        steps += [(standing, row)] if changed else []
    watching.ask_all(AIModel.audit_kind, steps, confirmed=confirmed)
    return {row.pk: Draft(row, fields) for _, row in steps}


def _revised(
    row: AIModel, changes: Mapping[str, Any], claim: "_Claim", known_qualities: Collection[str]
) -> set[str]:
    row.known_qualities = known_qualities
    try:
        return set(services.revised(row, changes, claim=claim))
    finally:
        row.known_qualities = None  # by the next time there may be others


def _locked(models: Sequence[AIModel]) -> dict[int, AIModel]:
    """The rows as they stand, ours until the transaction ends. Raises AIModel.DoesNotExist if one is gone."""
    keys = {model.pk for model in models}
    found = AIModel.objects.select_for_update(no_key=True).order_by("pk").in_bulk(list(keys))
    if len(found) < len(keys):
        raise AIModel.DoesNotExist(f"{len(keys) - len(found)} of {len(keys)} models are gone.")
    return found


class _Claim:
    """Gives the default flag to the first model that is active while nobody has it."""

    def __init__(self) -> None:
        self.is_free = not AIModel.objects.default().exists()

    def __call__(self, model: AIModel, *, wanted: bool) -> None:
        if model.is_default:
            return
        if wanted:
            raise ValueError(f"services.make_default makes {model.model_id} the default, on its own.")
        model.is_default = self.is_free and model.status == Status.ACTIVE
        self.is_free = self.is_free and not model.is_default
