"""What a page shows of what was chosen."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from models_registry.usage.admin import rankings, timeline
from models_registry.usage.admin.choosing import Chosen
from models_registry.usage.admin.headline import Card, headline
from models_registry.usage.admin.pictures import Picture
from models_registry.usage.figures import By, Figures, Row, summary, summary_without_codes
from models_registry.usage.snapshot import one_state

Href = Callable[[str], str]


class Report(NamedTuple):
    is_empty: bool
    cards: list[Card]
    pictures: list[Picture]


def report(chosen: Chosen, *, now: datetime, href: Href) -> Report:
    """`href` leads from a model's id to its page."""
    with one_state():
        return _report(chosen, now=now, href=href)


def rows_of_file(chosen: Chosen) -> list[Row]:
    with one_state():
        return summary(chosen.window, per=chosen.per, by=By.MODEL, **chosen.narrowed)


def _report(chosen: Chosen, *, now: datetime, href: Href) -> Report:
    found = summary(chosen.window, **chosen.narrowed)
    if not found:
        return Report(is_empty=True, cards=headline(Figures()), pictures=[])
    total = found[0].figures
    rows = summary_without_codes(chosen.window, per=chosen.per, **chosen.narrowed)
    line = timeline.timeline(rows, chosen.window, per=chosen.per, now=now)
    pictures = [*timeline.pictures(line, per=chosen.per), *_shares(chosen, href), rankings.errors(total)]
    return Report(is_empty=False, cards=headline(total), pictures=pictures)


def _shares(chosen: Chosen, href: Href) -> Iterator[Picture]:
    kinds = [By.MODEL] if chosen.model is None else [By.QUALITY, By.DURATION]
    for by in kinds:
        rows = summary_without_codes(chosen.window, by=by, **chosen.narrowed)
        yield rankings.share(by, rows, href=href if by == By.MODEL else _nowhere)


def _nowhere(key: str) -> str:
    return ""
