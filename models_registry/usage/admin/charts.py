"""The geometry of charts; no numbers are looked up here, and no markup is made.

A plot is drawn into a box of WIDTH × HEIGHT that is stretched to the width of the page. Its letters stand
outside of that box, at shares of the width: they would be stretched, too, or be too small to read on a phone.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from models_registry.usage.admin.scales import Axis, Date

WIDTH, HEIGHT = 1_000, 180
GAP = 0.16  # of a period's width, between bars
LEAST = 1.5  # what is there is seen, however little of it
ROW = 38  # the height of one horizontal bar, label and all
WIDEST = 66  # percent of the width; the rest is for the numbers
LONGEST_LABEL = 40


class Gridline(NamedTuple):
    y: str
    label: str


class Tick(NamedTuple):
    """A date below the plot, at a share of its width; every other one is left out where it is narrow."""

    x: str
    label: str
    is_spare: bool


class Rectangle(NamedTuple):
    kind: str
    x: str
    y: str
    width: str
    height: str


class Slot(NamedTuple):
    """The column of one period: what it tells who points at it, and its bars."""

    title: str
    x: str
    width: str
    bars: list[Rectangle]


class Path(NamedTuple):
    kind: str
    d: str


class Plot(NamedTuple):
    """Something over time."""

    grid: list[Gridline]
    ticks: list[Tick]
    slots: list[Slot]
    areas: list[Path]
    lines: list[Path]


class Line(NamedTuple):
    """A value a period; None where there is none, and then there is a gap."""

    kind: str
    values: Sequence[float | None]


class Share(NamedTuple):
    """One of the things that are compared."""

    label: str
    value: int
    told: str
    kind: str = "whole"


class Bar(NamedTuple):
    label: str
    title: str
    told: str
    kind: str
    width: str
    label_y: str
    bar_y: str


class Bars(NamedTuple):
    """Things of one kind, compared."""

    height: int
    bars: list[Bar]


def columns(
    stacks: Sequence[Sequence[tuple[str, int]]], *, axis: Axis, dates: Sequence[Date], titles: Sequence[str]
) -> Plot:
    """Stacked bars, one stack a period: (kind, number) from the bottom up."""
    slot = WIDTH / len(stacks)
    slots = [
        Slot(title, number(i * slot), number(slot), list(_stack(parts, i * slot, slot, axis)))
        for i, (parts, title) in enumerate(zip(stacks, titles, strict=True))
    ]
    return Plot(_grid(axis), _ticks(dates, len(stacks)), slots, [], [])


def lines(
    drawn: Sequence[Line],
    *,
    axis: Axis,
    dates: Sequence[Date],
    titles: Sequence[str],
    band: tuple[Line, Line] | None = None,
) -> Plot:
    """Lines, broken where nothing is known; `band` is the space between two of them."""
    slot = WIDTH / len(titles)
    slots = [Slot(title, number(i * slot), number(slot), []) for i, title in enumerate(titles)]
    areas = list(_areas(*band, slot=slot, axis=axis)) if band else []
    paths = [path for line in drawn for path in _paths(line, slot=slot, axis=axis)]
    return Plot(_grid(axis), _ticks(dates, len(titles)), slots, areas, paths)


def bars(shares: Sequence[Share]) -> Bars:
    """Horizontal bars, the widest of them `WIDEST` percent of the width."""
    most = max((share.value for share in shares), default=0) or 1
    drawn = [
        Bar(
            label=shortened(share.label),
            title=f"{share.label}: {share.told}",
            told=share.told,
            kind=share.kind,
            width=number(max(0.3, WIDEST * share.value / most) if share.value else 0),
            label_y=number(i * ROW + 12),
            bar_y=number(i * ROW + 18),
        )
        for i, share in enumerate(shares)
    ]
    return Bars(len(drawn) * ROW, drawn)


def number(value: float) -> str:
    """As SVG takes it, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def _y(value: float, axis: Axis) -> float:
    return HEIGHT * (1 - axis.share(value))


def _grid(axis: Axis) -> list[Gridline]:
    return [Gridline(number(_y(value, axis)), label) for value, label in axis.ticks]


def _ticks(dates: Sequence[Date], periods: int) -> list[Tick]:
    return [
        Tick(f"{number(100 * (date.period + 0.5) / periods)}%", date.label, is_spare=bool(i % 2))
        for i, date in enumerate(dates)
    ]


def _stack(parts: Sequence[tuple[str, int]], x: float, slot: float, axis: Axis) -> Iterator[Rectangle]:
    bottom = float(HEIGHT)
    for kind, value in parts:
        if value:
            height = max(LEAST, HEIGHT - _y(value, axis))
            bottom -= height
            yield Rectangle(
                kind, number(x + slot * GAP / 2), number(bottom), number(slot * (1 - GAP)), number(height)
            )


def _runs(values: Sequence[object]) -> Iterator[range]:
    """The stretches of `values` without None."""
    index = 0
    for is_known, run in groupby(values, lambda value: value is not None):
        length = sum(1 for _ in run)
        if is_known:
            yield range(index, index + length)
        index += length


def _paths(line: Line, *, slot: float, axis: Axis) -> Iterator[Path]:
    for run in _runs(line.values):
        points = _points(line.values, run, slot=slot, axis=axis)
        if len(points) > 1:
            yield Path(line.kind, f"M{' L'.join(points)}")
        else:  # a line of no length shows as its round ends
            yield Path(f"{line.kind} dot", f"M{points[0]}h0.01")


def _areas(low: Line, high: Line, *, slot: float, axis: Axis) -> Iterator[Path]:
    for run in _runs(low.values):
        below = _points(low.values, run, slot=slot, axis=axis)
        above = _points(high.values, run, slot=slot, axis=axis)
        if len(run) == 1:
            below, above = _widened(below[0], slot), _widened(above[0], slot)
        yield Path(low.kind, f"M{' L'.join([*above, *reversed(below)])}Z")


def _points(values: Sequence[float | None], run: range, *, slot: float, axis: Axis) -> list[str]:
    return [f"{number((i + 0.5) * slot)} {number(_y(values[i] or 0.0, axis))}" for i in run]


def _widened(point: str, slot: float) -> list[str]:
    """A point as two, a third of a period apart."""
    x, y = point.split()
    return [f"{number(float(x) - slot / 6)} {y}", f"{number(float(x) + slot / 6)} {y}"]
