"""What became of the catalogue lately, for clients of live streams that missed some of it."""

from collections import deque

from videoai.edge.freshness.reading import Change, Reading
from videoai.live import events

MOST_CHANGES = 1_000
UNKNOWN = -1


def id_of(reading: Reading) -> str:
    return events.event_id(reading.epoch, reading.revision)


class RecentChanges:
    """The last changes that can be told model by model; who comes from before them has to reload.

    Changes are numbered as this process saw them: a catalogue can come back to a revision that it had.
    """

    def __init__(self, most: int = MOST_CHANGES) -> None:
        self.present = ""  # the event id of the last reading
        self.number = 0  # of the last change
        self._most = most
        # By change, the last one last: the models that anybody could see before it or after it.
        self._models: deque[tuple[str, ...]] = deque()
        self._numbers: dict[str, int] = {}  # by event id, in the order of the changes
        self._told: dict[int, bytes] = {}

    def add(self, change: Change) -> None:
        if not self._is_tellable(change):
            self._models.clear()
            self._numbers.clear()
        elif len(self._models) == self._most:
            self._models.popleft()
            del self._numbers[next(iter(self._numbers))]
        if self._is_tellable(change):
            self._models.append(_visible(change))
        self.number += 1
        self.present = id_of(change.after)
        self._numbers[self.present] = self.number
        self._told.clear()

    def number_of(self, event_id: str) -> int:
        """The change that `event_id` told of; UNKNOWN if it is too old, of another line or made up."""
        return self._numbers.get(event_id, UNKNOWN)

    def since(self, number: int) -> bytes:
        """One event for all that came after change `number`; empty if there is nothing to tell."""
        number = max(number, self.number - len(self._models) - 1)  # all older ones are told the same
        if number not in self._told:
            self._told[number] = self._event_since(number)
        return self._told[number]

    def _event_since(self, number: int) -> bytes:
        late = self.number - number
        if late > len(self._models):
            return events.reload(self.present)
        models = {model_id for step in list(self._models)[len(self._models) - late :] for model_id in step}
        return events.changed(self.present, sorted(models)) if models else b""

    def _is_tellable(self, change: Change) -> bool:
        """Does it name what changed, and lead on from where we are to where we have not been?"""
        if change.before is None or change.models is None or change.prices:
            return False
        return id_of(change.before) == self.present and id_of(change.after) not in self._numbers


def _visible(change: Change) -> tuple[str, ...]:
    return tuple(model.model_id for model in change.models or () if model.was_sold or model.is_sold)
