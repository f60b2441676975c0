"""What can go wrong in the catalogue, in the catalogue's own words.

Every error carries a `code` that clients may switch on, a message that says what would be right, and,
where one field is to blame, its name. How they look in HTTP is decided elsewhere.
"""

from collections.abc import Mapping, Sequence


class CatalogueError(Exception):
    """A rule of the catalogue was broken; nothing was changed."""

    code = "catalogue_error"

    def __init__(self, message: str, *, field: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.facts: Mapping[str, object] = facts


class ModelUnavailable(CatalogueError):
    """Unknown, draft or retired: to a customer these are all the same."""

    code = "model_unavailable"


class NoDefaultModel(CatalogueError):
    """No model is active, so none can be the default."""

    code = "no_default_model"


class UnsupportedDuration(CatalogueError):
    code = "unsupported_duration"


class UnsupportedQuality(CatalogueError):
    code = "unsupported_quality"


class DefaultModelRequired(CatalogueError):
    """The default can't leave: exactly one active model is the default at any time."""

    code = "default_model_required"

    def __init__(self, model_id: str, *, field: str | None = None, successor: str | None = None) -> None:
        way_out = "give it a successor" if successor is None else f"activate its successor {successor}"
        super().__init__(
            f"{model_id} is the default model and has to stay active. Make another model the default first; "
            f"or {way_out}, which takes over when the default is retired.",
            field=field,
        )


class DefaultMustBeActive(CatalogueError):
    """Only an active, not deprecated model can be the default."""

    code = "default_must_be_active"

    def __init__(self, model_id: str, status: str) -> None:
        super().__init__(
            f"{model_id} is {status}; only an active model can be the default. Activate it first.",
            field="is_default",
        )


class ModelIdTaken(CatalogueError):
    code = "model_id_taken"

    def __init__(self, model_id: str, taken_by: str) -> None:
        super().__init__(
            f"{model_id} is taken by {taken_by}: ids are unique regardless of case, and a retired model "
            "keeps its id. Choose another id, or restore that model.",
            field="model_id",
        )


class StaleModel(CatalogueError):
    """Somebody changed the row after the writer had read it."""

    code = "stale_model"

    def __init__(self, model_id: str) -> None:
        super().__init__(
            f"{model_id} was changed by somebody else in the meantime. Reload it and make your change again."
        )


class ModelNotRetired(CatalogueError):
    code = "model_not_retired"

    def __init__(self, model_id: str, status: str) -> None:
        super().__init__(f"{model_id} is {status}; only a retired model can be restored.")


class TierInUse(CatalogueError):
    code = "quality_tier_in_use"

    def __init__(self, key: str, users: list[str]) -> None:
        super().__init__(
            f"Quality {key} is used by {', '.join(users)}; take it off them first.",
            field="key",
        )


class ConfirmationRequired(CatalogueError):
    """What would happen is unusual: somebody has to say that it is meant.

    `finding` says what it is, `lines` tell it one by one; `digest` is another one if anything else would
    happen. `facts` are for programs.
    """

    code = "confirmation_required"

    def __init__(self, finding: str, *, lines: Sequence[str], digest: str, **facts: object) -> None:
        super().__init__(f'{finding} Send it again with "confirm": true if that is meant.')
        self.facts = facts
        self.finding = finding
        self.lines = lines
        self.digest = digest
