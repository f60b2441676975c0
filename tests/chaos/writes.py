"""What was sent to be written, and what of it was acknowledged."""

import threading
from dataclasses import dataclass, field
from typing import Any, NamedTuple

GENERATIONS = "generations"
CHANGES = "changes"
QUOTES = "quotes"


class Write(NamedTuple):
    """Rows that one request writes, all or none of them: of which kind, and by which names they are found."""

    kind: str
    names: tuple[str, ...] = ()  # none, where the answer tells them


@dataclass
class Writes:
    sent: list[tuple[Write, bool]] = field(default_factory=list)  # with whether it was acknowledged
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, write: Write, *, acknowledged: bool) -> None:
        with self._lock:
            self.sent.append((write, acknowledged))

    @property
    def acknowledged(self) -> int:
        return sum(is_acknowledged for _, is_acknowledged in self.sent)

    def told(self) -> list[Any]:
        """As JSON tells it: kind, names, acknowledged."""
        with self._lock:
            return [[write.kind, write.names, acknowledged] for write, acknowledged in self.sent]
