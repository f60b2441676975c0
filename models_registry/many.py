"""Changes of many models at once: by the rules of one, with the trail of one after the other, or not at all.

What the rules have to know of other rows is read once, and rows are stored in few statements (for how few,
see `audit.storing`). So the catalogue's lock, which keeps all other writers out, is held a short time.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, NamedTuple

from models_registry import services, watching
from models_registry.audit.storing import Draft, store_all
from models_registry.choices import Status
from models_registry.errors import ModelIdTaken, StaleModel
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
    drafting = Drafting([revision.model for revision in revisions])
    drafts = [drafting.revise(revision) for revision in revisions]
    drafting.ask(confirmed=confirmed)
    store_all([draft for draft in drafts if draft is not None])


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


class Drafting:
    """What becomes of `models` and what joins them, by all rules; needs the catalogue's lock, writes nothing.

    `ask` belongs behind all of it, before it is stored.
    """

    def __init__(self, models: Sequence[AIModel]) -> None:
        self.stored = _locked(models)
        self.known_qualities = QualityTier.objects.known_keys()
        self._claim = _Claim()
        self._steps: list[tuple[AIModel | None, AIModel]] = []

    def seen(self, model: AIModel, expected_version: int | None) -> AIModel:
        """The stored row of `model`. Raises StaleModel for another version."""
        row = self.stored[model.pk]
        if expected_version not in {None, row.version_number}:
            raise StaleModel(row.model_id)
        return row

    def revise(self, revision: Revision) -> Draft | None:
        """None: it stands so already. Raises what `services.revise` raises."""
        row = self.seen(revision.model, revision.expected_version)
        standing = copy(row)
        changed = services.revised(
            row, revision.changes, claim=self._claim, known_qualities=self.known_qualities
        )
        if not changed:
            return None
        self._steps.append((standing, row))
        return Draft(row, {*changed, "deprecated_at"})

    def create(self, values: Mapping[str, Any]) -> Draft:
        """Raises what `services.create` raises."""
        row = services.created(
            values,
            claim=self._claim,
            refuse_taken=self._refuse_taken,
            known_qualities=self.known_qualities,
        )
        self._taken[row.model_id.lower()] = row.model_id
        self._steps.append((None, row))
        return Draft(row)

    def ask(self, *, confirmed: bool) -> None:
        watching.ask_all(AIModel.audit_kind, self._steps, confirmed=confirmed)

    @cached_property
    def _taken(self) -> dict[str, str]:
        ids = AIModel.objects.order_by().values_list("model_id", flat=True)
        return {model_id.lower(): model_id for model_id in ids}

    def _refuse_taken(self, model_id: str) -> None:
        taken_by = self._taken.get(model_id.lower())
        if taken_by is not None:
            raise ModelIdTaken(model_id, taken_by)


def _locked(models: Sequence[AIModel]) -> dict[int, AIModel]:
    """The rows as they stand, ours until the transaction ends. Raises AIModel.DoesNotExist if one is gone.

    Raises ValueError for one that is named twice: what comes of it the first time would be lost.
    """
    keys: set[int] = set()
    for model in models:
        if model.pk in keys:
            raise ValueError(f"{model.model_id} is named twice.")
        keys.add(model.pk)
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
