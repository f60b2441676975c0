"""Mixed load: visitors who ask at the same time, each answer judged, each acknowledged write remembered."""

import json
import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

from tests.chaos.answers import Answer, Client, Request, fault_of
from tests.chaos.stage import Furnished, traceback_of
from tests.chaos.visitors import EVERYBODY, Visitor
from tests.chaos.writes import Write, Writes
from tests.server import Server

MOST_FAULTS = 20
LONGEST = 40  # seconds that a visitor may take to go
PATIENCE = 60.0  # seconds until each kind of request has to have gone well
CALM = 1.5  # seconds in which nothing is refused

ALL = frozenset({"*"})


class Load:
    """Runs from `with` on until its end.

    `excused` are the kinds of requests that a 503 may answer at the moment; it may be set meanwhile.
    """

    def __init__(
        self,
        server: Server,
        furnished: Furnished,
        *,
        visitors: Sequence[Visitor] = EVERYBODY,
        excused: Collection[str] = (),
    ) -> None:
        self._server, self._furnished = server, furnished
        self.excused = excused
        self.writes = Writes()
        self.answers: Counter[tuple[str, int]] = Counter()  # by kind and status
        self.faults: list[str] = []
        self.number_of_faults = 0
        self.slowest: dict[str, float] = {}  # seconds, by kind
        self._begun_well: dict[str, float] = {}  # by kind, when the last began that went well
        self._refused: dict[str, float] = {}  # by kind, when the last was answered that did not
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._visit, args=(visitor,), daemon=True) for visitor in visitors
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Returns when the last answer has come."""
        self._over.set()
        for thread in self._threads:
            thread.join(LONGEST)
        if any(thread.is_alive() for thread in self._threads):
            self._note_fault(f"a visitor still waits for an answer after {LONGEST} s")

    @property
    def kinds(self) -> set[str]:
        with self._lock:
            return {kind for kind, _ in self.answers}

    @property
    def answered(self) -> int:
        with self._lock:
            return self.answers.total()

    def number(self, status: int) -> int:
        with self._lock:
            return sum(number for (_, one), number in self.answers.items() if one == status)

    def seconds_until_well(self, kinds: Collection[str], *, since: float) -> dict[str, float]:
        """Of each kind, how long after `since` the last was refused; `inf` if none goes well in all PATIENCE.

        Returns when each went well, and none was refused for a moment: processes recover one by one.
        """
        until = since + PATIENCE
        waiting = set(kinds)
        while waiting and time.monotonic() < until:
            time.sleep(0.05)
            calm_since = max(since, time.monotonic() - CALM)
            with self._lock:
                waiting = {
                    kind
                    for kind in kinds
                    if self._begun_well.get(kind, 0) < max(since, self._refused.get(kind, 0))
                    or self._refused.get(kind, 0) > calm_since
                }
        return {
            kind: float("inf") if kind in waiting else max(0.0, self._refused.get(kind, 0) - since)
            for kind in kinds
        }

    def all_faults(self, place: Path) -> list[str]:
        """With what the server, whose log lies in `place`, said of a mistake of its own."""
        return [*self.faults, *(traceback_of(place) if self.number(500) else [])]

    def told(self) -> str:
        """The answers by kind, in one line."""
        kinds = sorted(self.kinds)
        numbers = ({s: n for (kind, s), n in sorted(self.answers.items()) if kind == one} for one in kinds)
        return "; ".join(
            f"{kind} " + ", ".join(f"{number} × {status}" for status, number in some.items())
            for kind, some in zip(kinds, numbers, strict=True)
        )

    # --- In the threads ----------------------------------------------------------------------------------

    def _visit(self, visitor: Visitor) -> None:
        client, visit = Client(self._server), visitor.visit(self._furnished)
        request = next(visit)
        while not self._over.is_set():
            answer = self._ask(client, request)
            self._over.wait(visitor.pause)
            request = visit.send(answer)
        client.close()

    def _ask(self, client: Client, request: Request) -> Answer:
        begun, was_excused = time.monotonic(), self._is_excused(request)
        answer = client.ask(request)
        is_excused = was_excused or self._is_excused(request)
        fault = fault_of(request, answer, is_excused=is_excused)
        self._note(request, answer, begun)
        if fault is not None:
            self._note_fault(fault)
        if request.write is not None:
            self._note_write(request.write, request, answer)
        return answer

    def _is_excused(self, request: Request) -> bool:
        return self.excused is ALL or request.kind in self.excused

    def _note(self, request: Request, answer: Answer, begun: float) -> None:
        with self._lock:
            self.answers[request.kind, answer.status] += 1
            self.slowest[request.kind] = max(self.slowest.get(request.kind, 0), answer.seconds)
            if answer.status in request.fine:
                self._begun_well[request.kind] = max(begun, self._begun_well.get(request.kind, 0))
            else:
                self._refused[request.kind] = begun + answer.seconds

    def _note_fault(self, words: str) -> None:
        with self._lock:
            self.number_of_faults += 1
            if len(self.faults) < MOST_FAULTS:
                self.faults.append(words)

    def _note_write(self, write: Write, request: Request, answer: Answer) -> None:
        acknowledged = answer.status in request.fine
        if acknowledged and not write.names:
            write = write._replace(names=(json.loads(answer.body)["id"],))
        self.writes.note(write, acknowledged=acknowledged)
