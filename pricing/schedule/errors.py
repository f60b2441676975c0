"""Why a change can't be scheduled, or not be cancelled."""

from datetime import datetime

from models_registry.errors import CatalogueError
from models_registry.values import moment_text


class ChangeOverlaps(CatalogueError):
    """Two changes of one thing at one moment: nobody could say which one counts."""

    code = "change_overlaps"

    def __init__(self, effective_from: datetime, number: int) -> None:
        super().__init__(
            f"Change {number} of the same is scheduled for {moment_text(effective_from)} already. "
            "Cancel that one, or choose another moment.",
            field="effective_from",
            change=number,
        )


class ChangeSettled(CatalogueError):
    """What was applied, cancelled or has failed can't be cancelled any more."""

    code = "change_settled"

    def __init__(self, number: int, state: str) -> None:
        super().__init__(f"Change {number} is {state}; only a pending one can be cancelled.")
