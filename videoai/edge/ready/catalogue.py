"""What is ready to be served, and what a change leaves of it.

Whatever stands here is exactly as the database stood at the latest reading: a change drops, marks or mends
all that it touches before anybody who waited for the reading goes on.
"""

from collections import deque

from videoai.edge.freshness.reading import Change, ChangedModel
from videoai.edge.ready import pages
from videoai.edge.ready.addresses import (
    LISTS,
    PAGED,
    PRICES,
    Address,
    Kind,
    WholeList,
    detail_of,
    detail_target,
    whole_list,
)
from videoai.edge.ready.moves import UNKNOWN, Effect, Model, Move, Unknown, effect, model_of
from videoai.edge.ready.orders import Order, Orders
from videoai.edge.ready.shelf import Entry, Shelf

# Lists that were not asked for during so many moves are made anew.
MOST_MOVES = 1_000
# A change of more models, as by an import, lets go of everything.
MOST_AT_ONCE = 100
# A page of which more models are missing is made as a whole.
MOST_MISSING = 5


class Ready:
    def __init__(self, *, most_bytes: int) -> None:
        self.shelf = Shelf(most_bytes=most_bytes)
        self._most_bytes = most_bytes
        self._orders = Orders(most_bytes=most_bytes // 4)
        self._moves: deque[Move] = deque(maxlen=MOST_MOVES)
        self._moved = 0  # how many moves there ever were; the last of them stands at the end

    @property
    def has_room(self) -> bool:
        """For what nobody has asked for yet, without putting out what was asked for."""
        return self.shelf.bytes < self._most_bytes / 2

    def find(self, address: Address) -> tuple[Entry | None, list[Address]]:
        """The entry at `address`, or what has to be made to have it: itself, or what it consists of."""
        entry = self.shelf.get(address.target)
        if entry is not None and address.kind in _CHOOSING and entry.settled != self._moved:
            entry, unknown = self._settled(entry)
            if unknown:
                return None, unknown
        if entry is None and address.kind in PAGED:
            return self._composed(address)
        return entry, [address] if entry is None else []

    def put(self, address: Address, body: bytes) -> Entry:
        """Keep what Django answered at the latest reading."""
        entry = Entry(address, body, settled=self._moved)
        if address.kind in LISTS:
            for model_id, part in pages.parts(address.kind, body).items():
                entry.models += (model_id,)
                self._put_model(model_id, part)
        if address.kind is Kind.DETAIL and address.model_id is not None:
            self._arrived(address.model_id, body)
        self.shelf.put(entry)
        return entry

    def put_order(self, whole: WholeList, ids: tuple[str, ...]) -> None:
        """Keep the order of a list at the latest reading."""
        self._orders.put(whole, Order(ids, self._moved))

    def put_nothing(self, address: Address, *, is_certain: bool) -> None:
        """Remember that nothing can be seen there, as long as a list waits to know it.

        Unless that `is_certain`, nobody can tell how the model is: such lists are made anew.
        """
        if address.kind is not Kind.DETAIL or address.model_id is None:
            return
        if is_certain:
            self._arrived(address.model_id, None)
        for move in self._waiting_for(address.model_id):
            move.before = UNKNOWN

    def change(self, change: Change) -> None:
        """Let go of what `change` made wrong."""
        if change.models is None or len(change.models) > MOST_AT_ONCE:
            self.shelf.clear()
            self._orders.clear()
            self._moves.clear()
            return
        if change.prices:
            self.shelf.drop_all([e.address.target for e in self.shelf if e.address.kind in PRICES])
        for model in change.models:
            self._move(model)

    def _move(self, model: ChangedModel) -> None:
        before = self._known(model.model_id) if model.was_sold else None
        for move in self._waiting_for(model.model_id):
            # Nobody asked in time how it was between the two.
            move.after = before
        self.shelf.drop_all([entry.address.target for entry in self.shelf.of_model(model.model_id)])
        self._moves.append(Move(model.model_id, before, UNKNOWN if model.is_sold else None))
        self._moved += 1

    def _known(self, model_id: str) -> Model | Unknown:
        entry = self.shelf.get(detail_target(model_id))
        return UNKNOWN if entry is None else model_of(entry.body)

    def _put_model(self, model_id: str, body: bytes) -> None:
        address = detail_of(model_id)
        if self.shelf.get(address.target) is None:
            self.shelf.put(Entry(address, body))
            self._arrived(model_id, body)

    def _arrived(self, model_id: str, body: bytes | None) -> None:
        if waiting := self._waiting_for(model_id):
            model = None if body is None else model_of(body)
            for move in waiting:
                move.after = model

    def _waiting_for(self, model_id: str) -> list[Move]:
        """The moves of which nobody knows yet how the model is since."""
        return [move for move in self._moves if move.model_id == model_id and not move.ends()]

    # --- Lists -------------------------------------------------------------------------------------------

    def _settled(self, entry: Entry) -> tuple[Entry | None, list[Address]]:
        """Compare a list with the moves since; mend it, or let it go. Or tell what to ask for first."""
        moves = self._moves_since(entry.settled)
        shown = set(entry.models)
        found = self._effects(entry.address, moves, shown) if moves is not None else None
        if isinstance(found, list):
            return None, found
        if found is None or (found and not self._mended(entry)):
            self.shelf.drop(entry.address.target)
            if entry.address.kind in PAGED:
                self._orders.want(whole_list(entry.address))
            return None, []
        entry.settled = self._moved
        return entry, []

    def _effects(self, address: Address, moves: list[Move], shown: set[str]) -> list[Address] | bool | None:
        """None if other models are in the list, or in another order; else whether a shown one has changed.

        Or, if that can't be told yet, the models to ask for.
        """
        has_changed = False
        for move in moves:
            found = effect(address, move, shows=not shown or move.model_id in shown)
            if found is Effect.MEMBERS and not move.ends() and move.before is not UNKNOWN:
                return [detail_of(one.model_id) for one in moves if not one.ends()]
            if found is Effect.MEMBERS:
                return None
            has_changed |= found is Effect.CONTENT
        return has_changed

    def _moves_since(self, settled: int) -> list[Move] | None:
        """None if they were too many to be remembered."""
        late = self._moved - settled
        return None if late > len(self._moves) else list(self._moves)[len(self._moves) - late :]

    def _mended(self, entry: Entry) -> bool:
        """Put the models as they are now into the body; False if one of them is not at hand."""
        models = [self.shelf.get(detail_target(model_id)) for model_id in entry.models]
        if not models or not all(models):
            return False
        entry.body = pages.replaced(entry.address.kind, entry.body, [model.body for model in models if model])
        entry.tag, entry.packed, entry.headers = "", None, {}
        self.shelf.put(entry)
        return True

    def _composed(self, address: Address) -> tuple[Entry | None, list[Address]]:
        """A page put together of the order of its list and of its models, if its list is known to move."""
        whole, at = whole_list(address), pages.place(address)
        if at is None or not self._orders.is_wanted(whole):
            return None, [address]
        order, unknown = self._order(whole)
        if order is None:
            return None, unknown or [whole]
        ids = at.of(order.ids)
        models = [(model_id, self.shelf.get(detail_target(model_id))) for model_id in ids]
        missing: list[Address] = [detail_of(model_id) for model_id, model in models if model is None]
        if len(missing) > MOST_MISSING or not ids:
            return None, [address]
        if missing:
            return None, missing
        body = pages.composed(address, at, order.ids, [model.body for _, model in models if model])
        entry = Entry(address, body, ids, settled=self._moved)
        self.shelf.put(entry)
        return entry, []

    def _order(self, whole: WholeList) -> tuple[Order | None, list[Address]]:
        """The order of a list if it still holds; or the models to ask for to know that."""
        order = self._orders.get(whole)
        if order is None or order.settled == self._moved:
            return order, []
        moves = self._moves_since(order.settled)
        found = self._effects(whole, moves, _NOBODY) if moves is not None else None
        if isinstance(found, list):
            return None, found
        if found is None:
            self._orders.outdate(whole)
            return None, []
        order.settled = self._moved
        return order, []


_CHOOSING = LISTS | {Kind.MATRIX, Kind.COMPARE}
# For the order of a list it does not matter what its models are like.
_NOBODY = {""}
