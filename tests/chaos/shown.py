"""What one kind of breakage has shown.

Each kind is a module of this package, with `TITLE`, `MUST_SHOW` and
`run(*, quick: bool, say: Say) -> Shown`: on databases, servers and folders of its own, which it takes away
again. `quick` is the short form, of a few seconds, that runs with every change, with a `QUICK_TITLE` where it
does less than `TITLE` says; `say` tells how far it is.
"""

from collections.abc import Callable
from typing import NamedTuple

Say = Callable[[str], None]


class Shown(NamedTuple):
    """`figures` tell in one line what was done and seen; no `faults`: what must hold did."""

    figures: str
    faults: list[str]
