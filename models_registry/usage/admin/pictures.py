"""What a picture is made of: a chart, how to read it, and a table that tells the same."""

from dataclasses import dataclass
from typing import NamedTuple

from models_registry.usage.admin.charts import HEIGHT, Bars, Plot


class Legend(NamedTuple):
    """What marks of one kind mean; a `box`, a `line` or a `band`."""

    kind: str
    shape: str
    label: str


class TableRow(NamedTuple):
    head: str
    cells: list[str]
    href: str = ""


class Table(NamedTuple):
    head: list[str]
    rows: list[TableRow]


@dataclass(frozen=True)
class Picture:
    """`name` tells pictures of a page apart; `told` says in a sentence or two what is to be seen."""

    name: str
    title: str
    told: str
    table: Table
    legend: tuple[Legend, ...] = ()
    plot: Plot | None = None
    bars: Bars | None = None
    nothing: str = ""  # what is said where there is nothing to draw

    @property
    def height(self) -> int:
        return HEIGHT
