"""What a database holds, in so few words that a backup's and a restored one's can be compared."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from models_registry.audit.verifying import read_anchor
from models_registry.values import shown

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]  # a query; all of its rows

TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    # The parts of a table that lies in parts are counted with it.
    "postgresql": "SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace "
    "WHERE nspname = current_schema() AND relkind IN ('r', 'p') AND NOT relispartition",
}
# What every new database has: `migrate` lays it.
LAID = {
    *("django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"),
    *("usage_horizon", "audit_heads"),
}


@dataclass(frozen=True)
class Contents:
    """`counts` are rows by table, `anchors` the newest audit entries as BOOK:NUMBER:DIGEST."""

    counts: Mapping[str, int] = field(default_factory=dict)
    default_model: str | None = None
    epoch: str = ""
    revision: int = 0
    anchors: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing but what `migrate` lays stands in it."""
        return not any(number for table, number in self.counts.items() if table not in LAID)

    @property
    def models(self) -> int:
        return self.counts.get("models", 0)

    @property
    def generations(self) -> int:
        return self.counts.get("generations", 0)

    @property
    def told(self) -> str:
        """As in `3 models, 120 generations, default luma/ray, catalogue:9:…`."""
        default = f"default {shown(self.default_model)}" if self.default_model else "no default"
        parts = [f"{self.models:,} models", f"{self.generations:,} generations", default]
        return ", ".join([*parts, *self.anchors])

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_contents(ask: Ask, *, vendor: str) -> Contents:
    """All of one state, if `ask` answers from one. Tables that are not there yet hold nothing."""
    tables = sorted(name for (name,) in ask(TABLES[vendor]))
    counts = {name: ask(f'SELECT COUNT(*) FROM "{name}"')[0][0] for name in tables}  # noqa: S608

    def rows(table: str, query: str) -> Rows:
        return ask(query) if table in counts else []

    default = rows("models", "SELECT model_id FROM models WHERE is_default")
    revision = rows("catalogue_revision", "SELECT epoch, revision FROM catalogue_revision WHERE id = 1")
    heads = rows("audit_heads", "SELECT book, number, digest FROM audit_heads ORDER BY book DESC")
    migrations = rows("django_migrations", "SELECT app, name FROM django_migrations ORDER BY app, name")
    epoch, number = revision[0] if revision else ("", 0)
    return Contents(
        counts,
        default[0][0] if default else None,
        epoch,
        number,
        tuple(_anchors(heads)),
        tuple(f"{app}.{name}" for app, name in migrations),
    )


def _anchors(heads: Rows) -> Iterator[str]:
    """Without those of books in which nothing was written, or that somebody has tampered with."""
    for head in heads:
        with suppress(ValueError):
            yield str(read_anchor(":".join(map(str, head))))


def contents_from(values: Any) -> Contents:
    """What `as_json` has made. Raises ValueError, KeyError or TypeError for anything else."""
    known = {one.name: values[one.name] for one in fields(Contents)}
    counts = {str(table): int(number) for table, number in known["counts"].items()}
    for anchor in known["anchors"]:
        read_anchor(anchor)
    lists = {name: tuple(map(str, known[name])) for name in ("anchors", "migrations")}
    return Contents(**{**known, "counts": counts, "revision": int(known["revision"]), **lists})


def differences(expected: Contents, found: Contents) -> Iterator[str]:
    """Where `found` is not what `expected` says, a sentence each."""
    for table in sorted({*expected.counts, *found.counts}):
        was, now = expected.counts.get(table), found.counts.get(table)
        if was != now:
            yield f"{table}: {_rows(was)} in the backup, {_rows(now)} restored"
    for name in ("default_model", "epoch", "revision", "anchors", "migrations"):
        was, now = getattr(expected, name), getattr(found, name)
        if was != now:
            yield f"{name.replace('_', ' ')}: {shown(was)} in the backup, {shown(now)} restored"


def _rows(number: int | None) -> str:
    return "no such table" if number is None else f"{number:,} rows"
