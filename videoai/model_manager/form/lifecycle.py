"""Where a model can stand in its life, in words."""

from typing import NamedTuple

from models_registry.choices import Status

MEANINGS = {
    Status.DRAFT: "Not for sale yet: only staff see it.",
    Status.ACTIVE: "For sale. Only an active model can be the default.",
    Status.DEPRECATED: "Still for sale, but on its way out; it can't be the default.",
    Status.RETIRED: "Off sale for good. What was made with it stays, and its id stays taken.",
}


class Standing(NamedTuple):
    """What one combination of the two flags means."""

    status: str
    is_active: bool
    is_deprecated: bool
    meaning: str
    is_now: bool


def standings(now: Status | None) -> list[Standing]:
    """All there are; `now` is where the model stands, None before there is one."""
    return [
        Standing(str(status.label), **status.flags, meaning=meaning, is_now=status == now)
        for status, meaning in MEANINGS.items()
    ]
