"""Pictures of what there was how much of."""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import NamedTuple

from models_registry.usage.admin import charts
from models_registry.usage.admin.pictures import Picture, Table, TableRow
from models_registry.usage.admin.wording import (
    UNKNOWN,
    count_text,
    dollars_text,
    percent_text,
    seconds_text,
    share_text,
)
from models_registry.usage.figures import NO_CODE, OTHER_CODES, By, Figures, Row
from models_registry.usage.sketch_field import add
from models_registry.usage.tallies import Tally

MOST = 12
NOBODY_SAID = "nobody said"


class Part(NamedTuple):
    """What is told of one of the things that are compared, and where it leads."""

    label: str
    figures: Figures
    kind: str
    href: str


def merged(parts: Sequence[Figures]) -> Figures:
    """All of `parts` together, but for their errors."""
    sums = {name: sum(getattr(part, name) for part in parts) for name in Tally.SUMS}
    return Figures(**sums, sketch=reduce(add, (part.sketch for part in parts)))


def share(by: By, rows: Sequence[Row], *, href: Callable[[str], str] = lambda key: "") -> Picture:
    """How generations divide by `by`; `href` leads on from a key."""
    total = sum(row.figures.generations for row in rows)
    parts = list(_by_key(by, rows, href))
    most = f"The most: {parts[0].label}, {share_text(parts[0].figures.generations, total)}." if parts else ""
    return Picture(
        name=f"by-{by.value}",
        title=f"Share by {by.value}",
        told=f"How {count_text(total)} generations divide by {by.value}. {most}",
        bars=charts.bars(
            [
                charts.Share(label, figures.generations, _part(figures.generations, total), kind)
                for label, figures, kind, _ in parts
            ]
        ),
        table=Table(
            [by.label, "Generations", "Share", "Success rate", "p50", "p95", "Credits", "Cost"],
            [TableRow(label, _cells(figures, total), link) for label, figures, _, link in parts],
        ),
    )


def _by_key(by: By, rows: Sequence[Row], href: Callable[[str], str]) -> Iterator[Part]:
    ranked = sorted(rows, key=lambda row: -row.figures.generations)
    for row in ranked[:MOST]:
        yield Part(_named(row.key, by), row.figures, "whole", href(str(row.key)))
    if len(ranked) > MOST:
        yield Part(_others(len(ranked) - MOST), merged([row.figures for row in ranked[MOST:]]), "rest", "")


def errors(total: Figures) -> Picture:
    """Failures by their codes; those without one stand last."""
    shares = list(_by_code(total))
    return Picture(
        name="errors",
        title="Errors by code",
        told=f"How {count_text(total.failures)} failures divide by error code. "
        + (f"The most frequent: {shares[0].label}." if total.errors else ""),
        bars=charts.bars(shares),
        nothing="Nothing failed.",
        table=Table(
            ["Code", "Failures", "Share"],
            [
                TableRow(one.label, [count_text(one.value), share_text(one.value, total.failures)])
                for one in shares
            ],
        ),
    )


def _by_code(total: Figures) -> Iterator[charts.Share]:
    ranked = [code for code in total.errors if code != OTHER_CODES]
    for code in ranked[:MOST]:
        number = total.errors[code]
        yield charts.Share(code, number, _part(number, total.failures), "bad")
    rest = sum(total.errors.values()) - sum(total.errors[code] for code in ranked[:MOST])
    if rest:
        label = "others" if OTHER_CODES in total.errors else _others(len(ranked) - MOST)
        yield charts.Share(label, rest, _part(rest, total.failures), "rest")
    uncoded = total.error_codes.get(NO_CODE, 0)
    if uncoded:
        yield charts.Share("no code given", uncoded, _part(uncoded, total.failures), "rest")


def _others(number: int) -> str:
    return "1 other" if number == 1 else f"{count_text(number)} others"


def _named(key: str | int | None, by: By) -> str:
    if key is None:
        return NOBODY_SAID
    return f"{key} s" if by == By.DURATION else str(key)


def _part(number: int, whole: int) -> str:
    return f"{count_text(number)} · {share_text(number, whole)}"


def _cells(figures: Figures, total: int) -> list[str]:
    percentiles = figures.percentiles()
    credits = figures.credits_total
    return [
        count_text(figures.generations),
        share_text(figures.generations, total),
        percent_text(figures.success_rate),
        seconds_text(percentiles["p50"]),
        seconds_text(percentiles["p95"]),
        UNKNOWN if credits is None else count_text(credits),
        dollars_text(figures.cost_usd),
    ]
