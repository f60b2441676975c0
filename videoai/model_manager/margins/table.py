"""The rows of the page, as people read them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.http import QueryDict
from django.urls import reverse

from models_registry.usage.admin.wording import UNKNOWN, count_text, dollars_text
from models_registry.values import price_text
from pricing.margins.margin import Margin

# What stands above each column that can be sorted by: the order that the first click asks for.
COLUMNS = {
    "name": ("Model", "name"),
    "cost_usd": ("Cost", "-cost_usd"),
    "price_usd": ("Price", "-price_usd"),
    "margin_usd": ("Margin $", "margin_usd"),
    "margin_percent": ("Margin", "margin_percent"),
    "generations": ("30 days", "-generations"),
}


class Column(NamedTuple):
    name: str
    label: str
    address: str
    sorted: str  # ascending, descending, or none: as `aria-sort` has it


class Row(NamedTuple):
    name: str
    address: str  # of its prices
    model_id: str
    what: str  # as in `high, 9 s, with sound`
    cost: str
    cost_note: str
    price: str
    credits: str
    margin: str
    percent: str
    generations: str
    sold: str
    mark: str  # loss, short, or nothing


def columns(asked: QueryDict, *, order: str) -> Iterator[Column]:
    for name, (label, first) in COLUMNS.items():
        is_sorted = order.removeprefix("-") == name
        wanted = (name if order.startswith("-") else f"-{name}") if is_sorted else first
        query = asked.copy()
        for left in ("p", "format"):
            query.pop(left, None)
        query["ordering"] = wanted
        way = "descending" if order.startswith("-") else "ascending"
        yield Column(name, label, f"?{query.urlencode()}", way if is_sorted else "none")


def table_rows(margins: Iterable[Margin]) -> list[Row]:
    return [_row(margin) for margin in margins]


def _row(margin: Margin) -> Row:
    model, quote, volume = margin.model, margin.quote, margin.volume
    sound = {None: "", True: ", with sound", False: ", without sound"}[quote.with_audio]
    sold = f"{UNKNOWN} credits" if volume.credits is None else _credits(volume.credits)
    return Row(
        name=model.name,
        address=f"{reverse('admin:models_registry_aimodel_change', args=[model.pk])}#pricing",
        model_id=model.model_id,
        what=f"{quote.quality}, {quote.duration} s{sound}",
        cost=price_text(margin.cost_usd),
        cost_note=_cost_note(margin),
        price=price_text(quote.price_usd),
        credits=_credits(quote.credits),
        margin=_signed(price_text(abs(margin.margin_usd)), is_negative=margin.margin_usd < 0),
        percent=f"{_signed(f'{abs(margin.margin_percent):,.2f}', is_negative=margin.margin_percent < 0)} %",
        generations=count_text(volume.generations),
        sold=f"{sold}, {dollars_text(volume.value_usd)} today" if volume.generations else "",
        mark="loss" if margin.is_loss else "short" if margin.is_under_target else "",
    )


def _credits(number: int) -> str:
    return "1 credit" if number == 1 else f"{count_text(number)} credits"


def _signed(text: str, *, is_negative: bool) -> str:
    return f"−{text}" if is_negative else text


def _cost_note(margin: Margin) -> str:
    """What the other of the two says, ours or the list's."""
    listed, own = margin.listed_cost_usd, margin.quote.cost_usd
    if listed is None:
        return ""
    return f"listed; we count {price_text(own)}" if listed > own else f"listed at {price_text(listed)}"
