"""The bodies that are kept ready, within a bound of memory; what was not asked for the longest goes first."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from videoai.edge.ready.addresses import Address
from videoai.edge.requests import Headers

# What an entry costs beside its bytes: its headers, its place in the dictionaries.
OVERHEAD = 3_000


class Worded(NamedTuple):
    """The headers of an entry in one form, and where in them the two stand that are every answer's own."""

    headers: Headers
    counted: int  # -1: nowhere
    request_id: int


@dataclass(slots=True, eq=False)
class Entry:
    """A body, and its tag, packed form and headers once somebody asked for them.

    `models` are the ids of the models that a list shows, in their order; `settled` counts the moves that the
    list was compared with.
    """

    address: Address
    body: bytes
    models: tuple[str, ...] = ()
    settled: int = 0
    tag: str = ""
    packed: bytes | None = None
    headers: dict[int, Worded] = field(default_factory=dict)  # by form

    @property
    def size(self) -> int:
        return len(self.address.target) + len(self.body) + len(self.packed or b"") + OVERHEAD


class Shelf:
    """Entries by the spelling of their address, bounded to so many bytes."""

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._of_model: defaultdict[str, set[str]] = defaultdict(set)
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, target: str) -> Entry | None:
        entry = self._entries.get(target)
        if entry is not None:
            self._entries.move_to_end(target)
        return entry

    def put(self, entry: Entry) -> None:
        """Keep `entry`."""
        target = entry.address.target
        self.drop(target)
        self._entries[target] = entry
        self._sizes[target] = entry.size
        self.bytes += entry.size
        if entry.address.model_id is not None:
            self._of_model[entry.address.model_id].add(target)
        while self.bytes > self._most_bytes and self._entries:
            self.drop(next(iter(self._entries)))

    def recount(self, entry: Entry) -> None:
        """Its packed form may have been made since it was put here."""
        target = entry.address.target
        if self._entries.get(target) is entry and self._sizes[target] != entry.size:
            self.put(entry)

    def drop(self, target: str) -> None:
        entry = self._entries.pop(target, None)
        if entry is None:
            return
        self.bytes -= self._sizes.pop(target)
        if (model_id := entry.address.model_id) is not None:
            self._of_model[model_id].discard(target)
            if not self._of_model[model_id]:
                del self._of_model[model_id]

    def drop_all(self, targets: Iterable[str]) -> None:
        for target in list(targets):
            self.drop(target)

    def of_model(self, model_id: str) -> Iterator[Entry]:
        """The entries that tell of this model alone."""
        return (self._entries[target] for target in self._of_model.get(model_id, ()))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def clear(self) -> None:
        self._entries.clear()
        self._sizes.clear()
        self._of_model.clear()
        self.bytes = 0
