"""What is ready to be served, and what a change leaves of it.

Whatever stands here is exactly as the database stood at the latest reading: a change drops, marks or mends
all that it touches before anybody who waited for the reading goes on.
"""

import json
from collections import deque

from videoai.edge import pages
from videoai.edge.addresses import LISTS, PRICES, Address, Kind, detail_of
from videoai.edge.freshness import Change, ChangedModel
from videoai.edge.moves import UNKNOWN, Effect, Model, Move, Unknown, effect
from videoai.edge.shelf import Entry, Shelf

# Lists that were not asked for during so many moves are made anew.
MOST_MOVES = 1_000
# A change of more models, as by an import, lets go of everything.
MOST_AT_ONCE = 100


class Ready:
    def __init__(self, *, most_bytes: int) -> None:
        self.shelf = Shelf(most_bytes=most_bytes)
        self._most_bytes = most_bytes
        self._moves: deque[Move] = deque(maxlen=MOST_MOVES)
        self._moved = 0  # how many moves there ever were; the last of them stands at the end

    @property
    def has_room(self) -> bool:
        """For what nobody has asked for yet, without putting out what was asked for."""
        return self.shelf.bytes < self._most_bytes / 2

    def find(self, address: Address) -> tuple[Entry | None, list[Address]]:
        """The entry at `address`, or what has to be made to have it: itself, or models that have moved."""
        entry = self.shelf.get(address.target)
        if entry is None:
            return None, [address]
        if entry.settled == self._moved or address.kind not in _CHOOSING:
            return entry, []
        return self._settled(entry)

    def put(self, address: Address, body: bytes) -> Entry:
        """Keep what Django answered at the latest reading."""
        entry = Entry(address, body, settled=self._moved)
        if address.kind in LISTS:
            for model_id, part in pages.parts(address.kind, body).items():
                entry.models += (model_id,)
                self._put_model(model_id, part)
        if address.kind is Kind.DETAIL and address.model_id is not None:
            self._arrived(address.model_id, json.loads(body))
        self.shelf.put(entry)
        return entry

    def put_nothing(self, address: Address) -> None:
        """Remember that nothing can be seen there, as long as a list waits to know it."""
        if address.kind is Kind.DETAIL and address.model_id is not None:
            self._arrived(address.model_id, None)

    def change(self, change: Change) -> None:
        """Let go of what `change` made wrong."""
        if change.models is None or len(change.models) > MOST_AT_ONCE:
            self.shelf.clear()
            self._moves.clear()
            return
        if change.prices:
            self.shelf.drop_all([e.address.target for e in self.shelf if e.address.kind in PRICES])
        for model in change.models:
            self._move(model)

    def _move(self, model: ChangedModel) -> None:
        before = self._known(model.model_id) if model.was_sold else None
        for move in self._moves:
            if move.model_id == model.model_id and not move.ends():
                # Nobody asked in time how it was between the two.
                move.after = before
        self.shelf.drop_all([entry.address.target for entry in self.shelf.of_model(model.model_id)])
        self._moves.append(Move(model.model_id, before, UNKNOWN if model.is_sold else None))
        self._moved += 1

    def _known(self, model_id: str) -> Model | Unknown:
        entry = self.shelf.get(detail_of(model_id).target)
        return UNKNOWN if entry is None else json.loads(entry.body)

    def _put_model(self, model_id: str, body: bytes) -> None:
        address = detail_of(model_id)
        if self.shelf.get(address.target) is None:
            self.shelf.put(Entry(address, body))
            self._arrived(model_id, json.loads(body))

    def _arrived(self, model_id: str, model: Model | None) -> None:
        for move in self._moves:
            if move.model_id == model_id and not move.ends():
                move.after = model

    def _settled(self, entry: Entry) -> tuple[Entry | None, list[Address]]:
        """Compare a list with the moves since; mend it, or let it go."""
        address = entry.address
        late = self._moved - entry.settled
        if late > len(self._moves):
            return self._gone(address)
        moves = list(self._moves)[-late:]
        changed = set()
        for move in moves:
            found = effect(address, move, shows=not entry.models or move.model_id in entry.models)
            if found is Effect.MEMBERS and not move.ends() and move.before is not UNKNOWN:
                return None, [detail_of(one.model_id) for one in moves if not one.ends()]
            if found is Effect.MEMBERS or (found is Effect.CONTENT and not entry.models):
                return self._gone(address)
            if found is Effect.CONTENT:
                changed.add(move.model_id)
        if changed and not self._mended(entry):
            return self._gone(address)
        entry.settled = self._moved
        return entry, []

    def _gone(self, address: Address) -> tuple[None, list[Address]]:
        self.shelf.drop(address.target)
        return None, [address]

    def _mended(self, entry: Entry) -> bool:
        """Put the models as they are now into the body; False if one of them is not at hand."""
        models = [self.shelf.get(detail_of(model_id).target) for model_id in entry.models]
        if not all(models):
            return False
        entry.body = pages.replaced(entry.address.kind, entry.body, [model.body for model in models if model])
        entry.tag, entry.packed, entry.headers = "", None, {}
        self.shelf.put(entry)
        return True


_CHOOSING = LISTS | {Kind.MATRIX, Kind.COMPARE}
