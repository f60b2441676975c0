"""What a benchmark has to tell, and the table that it is told in."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

HEAD = ("measured", "ours", "beside", "result", "bar", "")


@dataclass(frozen=True)
class Line:
    """One result. It passes if it is `at_least` or `at_most` its bar."""

    measured: str
    result: float
    unit: str = ""
    ours: str = ""
    beside: str = ""  # what it is compared with
    at_least: float | None = None
    at_most: float | None = None

    @property
    def misses(self) -> bool:
        too_low = self.at_least is not None and self.result < self.at_least
        return too_low or (self.at_most is not None and self.result > self.at_most)

    @property
    def bar(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:.2g}{self.unit}"
        return f"≤ {self.at_most:g}{self.unit}" if self.at_most is not None else ""

    def cells(self) -> Sequence[str]:
        verdict = ("miss" if self.misses else "pass") if self.bar else ""
        return (self.measured, self.ours, self.beside, f"{number(self.result)}{self.unit}", self.bar, verdict)


def compared(measured: str, rounds: Sequence[tuple[float, float]], *, at_least: float | None = None) -> Line:
    """Of rounds in which ours and the other were measured one after the other, in generations a second."""
    ours, beside = (median(side) for side in zip(*rounds, strict=True))
    return Line(
        measured,
        median(one / other for one, other in rounds),
        ours=f"{number(ours)}/s",
        beside=f"{number(beside)}/s",
        at_least=at_least,
    )


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(lines: Iterable[Line]) -> Iterator[str]:
    """In Markdown that a terminal shows well, too."""
    rows = [HEAD, *(line.cells() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    for cells in rows:
        yield f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"
