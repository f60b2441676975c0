"""Who is asked before a row is stored: what is built on top of the catalogue, which knows nothing of it."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeVar

from django.utils.module_loading import import_string


class Watched(Protocol):
    """A row of an audited table; apps that watch are configured before there are any models."""

    audit_kind: ClassVar[str]


Row = TypeVar("Row", bound=Watched)
Check = Callable[..., None]

_checks: dict[str, list[str]] = {}


def watch(kind: str, *, check: str) -> None:
    """Have the function at the dotted path `check` asked before rows of `kind` are stored.

    It is called with a pair for each, the row before (None: a new one) and after, and with `confirmed`:
    somebody wants the changes although they are unusual. It raises ValidationError or CatalogueError, and
    nothing is stored.
    """
    checks = _checks.setdefault(kind, [])
    if check not in checks:
        checks.append(check)


def ask(before: Row | None, after: Row, *, confirmed: bool) -> None:
    """Raise what the checks raise; asked within the transaction that stores `after`."""
    ask_all(after.audit_kind, [(before, after)], confirmed=confirmed)


def ask_all(kind: str, steps: Sequence[tuple[Row | None, Row]], *, confirmed: bool) -> None:
    """As `ask` of each, all of one kind; what the checks have to know they read once."""
    for path in _checks.get(kind, ()):
        check: Check = import_string(path)
        check(steps, confirmed=confirmed)
