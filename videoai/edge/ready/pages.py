"""Lists taken apart into their models and put together again, byte for byte."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from rest_framework.renderers import JSONRenderer
from rest_framework.settings import api_settings

from videoai.api.pagination import POSITIVE, Pages, link
from videoai.edge.ready.addresses import Address, Kind

_renderer = JSONRenderer()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands in its list."""

    number: int
    size: int

    def of(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        return ids[(self.number - 1) * self.size : self.number * self.size]

    def is_last(self, ids: tuple[str, ...]) -> bool:
        return self.number * self.size >= len(ids)


def place(address: Address) -> Place | None:
    """None for numbers that Django refuses."""
    number = address.parameters.get("page", "1")
    size = address.parameters.get("page_size", str(api_settings.PAGE_SIZE))
    if not (POSITIVE.fullmatch(number) and POSITIVE.fullmatch(size)):
        return None
    return Place(int(number), min(int(size), Pages.max_page_size))


def parts(kind: Kind, body: bytes) -> dict[str, bytes]:
    """The models in the body of a list, as each is served alone: model id → JSON.

    Empty if the body can't be put together again from them, byte for byte.
    """
    page: dict[str, Any] = json.loads(body)
    models = [page] if kind is Kind.DEFAULT else page["results"]
    found = {model["model_id"]: _renderer.render(model) for model in models}
    return found if replaced(kind, body, found.values()) == body else {}


def replaced(kind: Kind, body: bytes, models: Iterable[bytes]) -> bytes:
    """The body of a list with other models in it."""
    joined = b",".join(models)
    if kind is Kind.DEFAULT:
        return joined
    head, separator, _ = body.partition(b'"results":[')
    return head + separator + joined + b"]}"


def composed(address: Address, at: Place, ids: tuple[str, ...], models: Iterable[bytes]) -> bytes:
    """The body of the page `at` a place of the list of `ids`, with these `models` on it."""
    query = parse_qs(address.query, keep_blank_values=True)
    page: dict[str, Any] = {
        "count": len(ids),
        "next": None if at.is_last(ids) else link(address.path, query, at.number + 1),
        "previous": link(address.path, query, at.number - 1) if at.number > 1 else None,
        "results": [],
    }
    return replaced(address.kind, _renderer.render(page), models)
