"""Who is asked before a row is stored: what is built on top of the catalogue, which knows nothing of it."""

from collections.abc import Callable
from typing import ClassVar, Protocol, TypeVar

from django.utils.module_loading import import_string


class Watched(Protocol):
    """A row of an audited table; apps that watch are configured before there are any models."""

    audit_kind: ClassVar[str]


Row = TypeVar("Row", bound=Watched)
Check = Callable[..., None]

_checks: dict[str, list[str]] = {}


def watch(kind: str, *, check: str) -> None:
    """Have the function at the dotted path `check` asked before a row of `kind` is stored.

    It is called with the row before (None: a new one) and after, and with `confirmed`: somebody wants the
    change although it is unusual. It raises ValidationError or CatalogueError, and nothing is stored.
    """
    checks = _checks.setdefault(kind, [])
    if check not in checks:
        checks.append(check)


def ask(before: Row | None, after: Row, *, confirmed: bool) -> None:
    """Raise what the checks raise; asked within the transaction that stores `after`."""
    for path in _checks.get(after.audit_kind, ()):
        check: Check = import_string(path)
        check(before, after, confirmed=confirmed)
