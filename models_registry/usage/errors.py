from models_registry.errors import CatalogueError
from models_registry.values import shown


class GenerationConflict(CatalogueError):
    """The id was used before, for something else."""

    code = "generation_conflict"

    def __init__(self, generation_id: str) -> None:
        super().__init__(
            f"{shown(generation_id)} is recorded already, with other content or for another model. Send the "
            "same record again, or give this one an id of its own.",
            field="generation_id",
        )


class GenerationTaken(GenerationConflict):
    """The id can't be bound to a price any more."""

    def __init__(self, generation_id: str) -> None:
        CatalogueError.__init__(
            self,
            f"{shown(generation_id)} is recorded already, or has its price from another quote. Give the "
            "generation an id of its own.",
            field="generation_id",
        )


class AgreedOtherwise(GenerationConflict):
    """The price of the generation was agreed on, and what is reported is another."""

    def __init__(self, generation_id: str, field: str) -> None:
        CatalogueError.__init__(
            self,
            f"The price of {shown(generation_id)} was agreed on with another {field}. Leave {field} out, or "
            "report what was agreed on.",
            field=field,
        )
