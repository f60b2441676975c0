"""A queue from the event loop to one thread, which takes all that waits at once."""

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Event
from typing import Generic, TypeVar

Item = TypeVar("Item")

# Who was just answered often asks again at once. It is worth so long to have them all in one transaction:
# two of half the size take longer.
LINGER_SECONDS = 0.002
# After it was in vain, as many batches go without.
IMPATIENT_BATCHES = 10


class Gathering(Generic[Item]):
    """Batches of at most `most` items; of those who ask again and again, all in one."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._queue: SimpleQueue[Item | None] = SimpleQueue()
        self._enough = Event()
        self._arrived = 0  # changed in the event loop alone
        self._expected_at = 0  # how many have arrived when there are enough; changed in the thread alone
        self._is_ending = False
        self._impatient = 0

    def put(self, item: Item) -> None:
        self._queue.put(item)
        self._arrived += 1
        if self._arrived == self._expected_at:
            self._enough.set()

    def end(self) -> None:
        """Let the batches end when all that was put is taken."""
        self._queue.put(None)
        self._is_ending = True
        self._enough.set()

    def batches(self) -> Iterator[list[Item]]:
        """Waits for items; ends after `end`."""
        taken = 0
        while (first := self._queue.get()) is not None:
            self._linger(taken)
            batch, is_last = self._rest([first])
            taken += len(batch)
            yield batch
            if is_last:
                return
            # Whoever was there when the last transaction ended: those that it answers, and those that wait.
            self._expected_at = taken + min(self._most, len(batch) + self._queue.qsize())

    def _linger(self, taken: int) -> None:
        """Wait a moment for those who are expected, if that was of use lately."""
        if self._impatient:
            self._impatient -= 1
        elif self._expected_at > taken + 1:
            self._enough.clear()
            if self._is_missing() and not self._enough.wait(LINGER_SECONDS):
                self._impatient = IMPATIENT_BATCHES

    def _is_missing(self) -> bool:
        return self._arrived < self._expected_at and not self._is_ending

    def _rest(self, batch: list[Item]) -> tuple[list[Item], bool]:
        """`batch` and what else waits; and whether that was the last."""
        try:
            while len(batch) < self._most:
                item = self._queue.get_nowait()
                if item is None:
                    return batch, True
                batch.append(item)
        except Empty:
            pass
        return batch, False
