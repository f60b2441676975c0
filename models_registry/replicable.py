"""What of a view may come from a replica, as plain data; `videoai.replicas` acts on it.

A replica is behind, by milliseconds or by more. Reads that were never promised to be of this very moment may
come from it as it is; others only while it stands where the primary does.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


class Replicable(Enum):
    """What is read. Every other table, and every write, stays with the primary."""

    FIGURES = "sums of usage, as they stand on the replica"
    TRAIL = "the audit trail, of a replica whose trail ends as the primary's does"
    CATALOGUE = "models and prices, of a replica with the primary's revision"


def replicable(what: Replicable) -> Callable[[View], View]:
    """Declare that the reads of a view may come from a replica; its other requests never do."""

    def declare(view: View) -> View:
        view.replicable = what  # type: ignore[attr-defined]
        return view

    return declare
