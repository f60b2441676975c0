"""What a benchmark has to tell, and the table that it is told in."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.wrk import Run

HEAD = ("measured", "ours", "beside", "result", "spread", "bar", "")


@dataclass(frozen=True)
class Line:
    """One result. It passes if it is `at_least` or `at_most` its bar; without a result, nothing does."""

    measured: str
    result: float | None
    unit: str = ""
    ours: str = ""
    beside: str = ""  # what it is compared with
    spread: str = ""  # of the result, from round to round
    at_least: float | None = None
    at_most: float | None = None

    @property
    def misses(self) -> bool:
        if self.result is None:
            return False
        too_low = self.at_least is not None and self.result < self.at_least
        return too_low or (self.at_most is not None and self.result > self.at_most)

    @property
    def bar(self) -> str:
        if self.at_least is not None:
            return f"≥ {number(self.at_least)}{self.unit}"
        return f"≤ {number(self.at_most)}{self.unit}" if self.at_most is not None else ""

    def cells(self) -> Sequence[str]:
        result = "absent" if self.result is None else f"{number(self.result)}{self.unit}"
        judged = bool(self.bar) and self.result is not None
        verdict = ("miss" if self.misses else "pass") if judged else ""
        return (self.measured, self.ours, self.beside, result, self.spread, self.bar, verdict)


def compared(
    measured: str,
    rounds: Iterable[tuple[float, float]],
    *,
    unit: str = "/s",
    at_least: float | None = None,
    at_most: float | None = None,
) -> Line:
    """The ratio of two medians, and the least and the greatest ratio of a round.

    `rounds`: ours and the other, measured one after the other, in `unit`s.
    """
    rounds = list(rounds)
    ours, beside = (median(side) for side in zip(*rounds, strict=True))
    ratios = [one / other for one, other in rounds]
    return Line(
        measured,
        ours / beside,
        ours=f"{number(ours)}{unit}",
        beside=f"{number(beside)}{unit}",
        spread=f"{number(min(ratios))}–{number(max(ratios))}",
        at_least=at_least,
        at_most=at_most,
    )


def faster(
    measured: str, ours: Iterable[Run], beside: Iterable[Run], *, at_least: float | None = None
) -> Line:
    """Of runs side by side, by the answers a second."""
    rates = [(one.rate, other.rate) for one, other in zip(ours, beside, strict=True)]
    return compared(measured, rates, at_least=at_least)


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(lines: Iterable[Line]) -> Iterator[str]:
    """In Markdown that a terminal shows well, too."""
    rows = [HEAD, *(line.cells() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    for cells in rows:
        yield f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"
