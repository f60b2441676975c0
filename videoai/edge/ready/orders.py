"""The order of whole lists, so that each page can be put together without asking Django for it."""

from collections import OrderedDict
from dataclasses import dataclass

from django.db import close_old_connections
from django.http import QueryDict

from models_registry.api.filters import AIModelFilter
from models_registry.models import AIModel
from videoai.edge.ready.addresses import Kind, WholeList

# What an id of one order costs: a place in a tuple, and the text, which no two orders share.
BYTES_AN_ID = 80


@dataclass(slots=True)
class Order:
    """The ids of all models in a list; `settled` counts the moves that it was compared with."""

    ids: tuple[str, ...]
    settled: int


class Orders:
    """Orders by the address of their list, bounded to so many bytes; the one used longest ago goes first."""

    def __init__(self, *, most_bytes: int) -> None:
        self._most_ids = most_bytes // BYTES_AN_ID
        self._orders: OrderedDict[str, Order | None] = OrderedDict()
        self._ids = 0

    def is_wanted(self, address: WholeList) -> bool:
        """Did a page of this list have to go because others came, went or changed places?"""
        return address.target in self._orders

    def want(self, address: WholeList) -> None:
        """Remember that the order is worth knowing; one that stands already is not forgotten for it."""
        if address.target not in self._orders:
            self._put(address.target, None)

    def outdate(self, address: WholeList) -> None:
        """The order has changed; it is still worth knowing."""
        self._put(address.target, None)

    def get(self, address: WholeList) -> Order | None:
        order = self._orders.get(address.target)
        if order is not None:
            self._orders.move_to_end(address.target)
        return order

    def put(self, address: WholeList, order: Order) -> None:
        self._put(address.target, order)

    def clear(self) -> None:
        self._orders.clear()
        self._ids = 0

    def _put(self, target: str, order: Order | None) -> None:
        self._forget(target)
        self._orders[target] = order
        self._ids += _cost(order)
        while self._ids > self._most_ids and self._orders:
            self._forget(next(iter(self._orders)))

    def _forget(self, target: str) -> None:
        if target in self._orders:
            self._ids -= _cost(self._orders.pop(target))


def _cost(order: Order | None) -> int:
    return 10 if order is None else 10 + len(order.ids)


def read_order(address: WholeList) -> tuple[str, ...]:
    """Ask the database for the order of the list at `address`, in a thread that may wait for it."""
    close_old_connections()
    try:
        offered = AIModel.premium.all() if address.kind is Kind.PREMIUM else AIModel.active.all()
        chosen = AIModelFilter(QueryDict(address.query), queryset=offered).qs
        return tuple(chosen.values_list("model_id", flat=True))
    finally:
        close_old_connections()
