"""What is tracked, and what the triggers of both engines say alike."""

from collections.abc import Iterable
from dataclasses import dataclass

from models_registry.choices import LONGEST_DURATION, SHORTEST_DURATION

# The database's own columns: a change of nothing but these is no change of the row.
BOOKKEEPING = ("priced_at", "updated_at", "version_number")


@dataclass(frozen=True)
class TrackedTable:
    """A table whose changes count as catalogue changes.

    `stamp_kind` and `stamp_column` say what is stamped: a rate's change is a change of its model.
    `price_columns` are those that move `priced_at`; `is_versioned` tables also have `version_number` and
    `updated_at`. `durations` and `texts` are columns of JSON lists, of seconds and of texts. When a row goes
    that `prices` a row of another table, as (table, column that points there), that one's price dates anew.
    """

    name: str
    stamp_kind: str
    stamp_column: str = "id"
    price_columns: tuple[str, ...] = ()
    is_versioned: bool = False
    durations: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    prices: tuple[str, str] | None = None

    @property
    def columns(self) -> set[str]:
        """Those that the triggers name."""
        return {self.stamp_column, *self.price_columns, *self.durations, *self.texts}


def differs(columns: Iterable[str], distinct: str) -> str:
    return " OR ".join(f"NEW.{column} {distinct} OLD.{column}" for column in columns)


SECONDS = f"BETWEEN {SHORTEST_DURATION} AND {LONGEST_DURATION}"


def refusal_of(column: str, kind: str) -> str:
    return f"{column} is a list of {kind}"
