"""Pictures of what happened when."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from django.template.defaultfilters import pluralize

from models_registry.usage.admin import charts, scales
from models_registry.usage.admin.pictures import Legend, Picture, Table, TableRow
from models_registry.usage.admin.ranges import period_text
from models_registry.usage.admin.wording import count_text, interval_text, percent_text, seconds_text
from models_registry.usage.figures import Figures, Row
from models_registry.usage.windows import Per, Window, periods

SHOWN = ("p50", "p90", "p99")  # of the percentiles
NOTHING = "nothing was generated"


class Period(NamedTuple):
    """A stretch of the window, and what was generated in it; `figures` are empty where nothing was."""

    label: str
    start: datetime
    figures: Figures


def timeline(rows: Sequence[Row], window: Window, *, per: Per, now: datetime) -> list[Period]:
    """All periods of `window`, also those that no row tells of."""
    found = {row.start: row.figures for row in rows}
    return [
        Period(period_text(period, per=per, now=now), period.start, found.get(period.start, Figures()))
        for period in periods(window, per=per)
    ]


def pictures(line: Sequence[Period], *, per: Per) -> Iterator[Picture]:
    dates = scales.dates([period.start for period in line], per.value)
    yield generations(line, dates, per=per)
    yield _success(line, dates, per=per)
    yield _times(line, dates, per=per)


def generations(line: Sequence[Period], dates: Sequence[scales.Date], *, per: Per) -> Picture:
    """Successes and failures as stacked columns."""
    busiest = max(line, key=lambda period: period.figures.generations)
    titles = [f"{period.label}: {_counted(period.figures)}" for period in line]
    stacks = [[("good", period.figures.successes), ("bad", period.figures.failures)] for period in line]
    axis = scales.count_axis(busiest.figures.generations)
    cells = ((p.figures.generations, p.figures.successes, p.figures.failures) for p in line)
    return Picture(
        name="generations",
        title="Generations",
        told=f"Generations per {per.value}, successes and failures. The most, "
        f"{count_text(busiest.figures.generations)}: {busiest.label}.",
        legend=(Legend("good", "box", "successes"), Legend("bad", "box", "failures")),
        plot=charts.columns(stacks, axis=axis, dates=dates, titles=titles),
        table=Table(
            [per.label, "Generations", "Successes", "Failures"],
            [TableRow(p.label, list(map(count_text, row))) for p, row in zip(line, cells, strict=True)],
        ),
    )


def _success(line: Sequence[Period], dates: Sequence[scales.Date], *, per: Per) -> Picture:
    rates = [period.figures.success_rate for period in line]
    intervals = [period.figures.success_interval for period in line]
    lows = [interval[0] if interval else None for interval in intervals]
    highs = [interval[1] if interval else None for interval in intervals]
    axis = scales.percent_axis(min((low for low in lows if low is not None), default=0.0))
    return Picture(
        name="success",
        title="Success rate",
        told=f"Share of successes per {per.value}, with the interval that holds the true rate with 95 % "
        f"confidence (Wilson). {_spread('The rate', rates, percent_text)}",
        legend=(Legend("rate", "line", "success rate"), Legend("interval", "band", "95 % interval")),
        plot=charts.lines(
            [charts.Line("rate", rates)],
            axis=axis,
            dates=dates,
            titles=[f"{period.label}: {_succeeded(period.figures)}" for period in line],
            band=(charts.Line("interval", lows), charts.Line("interval", highs)),
        ),
        table=Table(
            [per.label, "Success rate", "At least", "At most", "Generations"],
            [
                TableRow(p.label, [*map(percent_text, told), count_text(p.figures.generations)])
                for p, *told in zip(line, rates, lows, highs, strict=True)
            ],
        ),
    )


def _times(line: Sequence[Period], dates: Sequence[scales.Date], *, per: Per) -> Picture:
    found = [period.figures.percentiles() for period in line]
    values = {name: [one[name] for one in found] for name in SHOWN}
    longest = max((value for value in values["p99"] if value is not None), default=0.0)
    titles = [f"{period.label}: {_took(one)}" for period, one in zip(line, found, strict=True)]
    return Picture(
        name="times",
        title="Generation time",
        told=f"Seconds that successes took, per {per.value}: half of them took at most p50, 90 % at most "
        f"p90, 99 % at most p99. {_spread('The median', values['p50'], seconds_text)}",
        legend=(
            Legend("p50", "line", "p50 (median)"),
            Legend("p90", "line", "p90"),
            Legend("p99", "line", "p99"),
        ),
        plot=charts.lines(
            [charts.Line(name, values[name]) for name in SHOWN],
            axis=scales.seconds_axis(longest),
            dates=dates,
            titles=titles,
        ),
        table=Table(
            [per.label, *SHOWN, "Successes"],
            [
                TableRow(
                    p.label, [*(seconds_text(one[name]) for name in SHOWN), count_text(p.figures.successes)]
                )
                for p, one in zip(line, found, strict=True)
            ],
        ),
    )


def _counted(figures: Figures) -> str:
    if not figures.generations:
        return NOTHING
    generations, successes, failures = figures.generations, figures.successes, figures.failures
    return (
        f"{count_text(generations)} generation{pluralize(generations)}, "
        f"{count_text(successes)} success{pluralize(successes, 'es')}, "
        f"{count_text(failures)} failure{pluralize(failures)}"
    )


def _succeeded(figures: Figures) -> str:
    if figures.success_interval is None:
        return NOTHING
    return (
        f"{percent_text(figures.success_rate)} of {count_text(figures.generations)} succeeded "
        f"(95 % interval {interval_text(figures.success_interval)})"
    )


def _took(percentiles: dict[str, float | None]) -> str:
    if percentiles["p50"] is None:
        return "nothing succeeded"
    return ", ".join(f"{name} {seconds_text(percentiles[name])}" for name in SHOWN)


def _spread(what: str, values: Sequence[float | None], told: Callable[[float | None], str]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return f"{what} is not known."
    return f"{what} lay between {told(min(known))} and {told(max(known))}."
