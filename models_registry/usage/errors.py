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
