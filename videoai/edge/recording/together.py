"""Recording many arrivals in one transaction, and answering each as Django would have."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from rest_framework.renderers import JSONRenderer

from models_registry.api.scopes import RECORDING
from models_registry.audit.occasion import Actor
from models_registry.usage.recording import Recorded, Single, read_each, record_each
from videoai.access.authentication import actor_with, live_token
from videoai.access.last_use import note_use
from videoai.access.scopes import TokenRights
from videoai.edge.ready.answers import Answer
from videoai.edge.recording.arrivals import Arrival
from videoai.edge.recording.rehearsal import Envelopes, Rehearsals
from videoai.limits.callers import account_of
from videoai.limits.counting import count
from videoai.limits.throttling import left
from videoai.limits.windows import Count

KIND = "write"


@dataclass(slots=True)
class Outcome:
    """The answer to an arrival, which stands then; None leaves it to Django, but for what was counted."""

    answer: Answer | None = None
    counted: Count | None = None
    actor: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An arrival that was let in."""

    arrival: Arrival
    envelopes: Envelopes
    caller: Actor
    outcome: Outcome


_Readable = tuple[_Candidate, Single]


class Together:
    """Records batches of arrivals, one after the other, in one thread."""

    def __init__(self) -> None:
        self._rehearsals = Rehearsals()
        self._renderer = JSONRenderer()

    def record(self, arrivals: Sequence[Arrival], outcomes: Sequence[Outcome]) -> None:
        """Record `arrivals`, and fill in the outcome of each after the commit.

        Raises django.db.Error when nothing was recorded, or nobody knows.
        """
        now = timezone.now()
        within = _within_limit(_readable(self._let_in(arrivals, outcomes, now=now), now=now))
        told = record_each([single for _, single in within])
        for (candidate, _), one in zip(within, told, strict=True):
            if isinstance(one, Recorded):
                candidate.outcome.actor = candidate.caller.name
                candidate.outcome.answer = self._answer(candidate, one)

    def _let_in(
        self, arrivals: Sequence[Arrival], outcomes: Sequence[Outcome], *, now: datetime
    ) -> list[_Candidate]:
        callers = {header: _caller(header, at=now) for header in {one.authorization for one in arrivals}}
        found = []
        for arrival, outcome in zip(arrivals, outcomes, strict=True):
            caller = callers[arrival.authorization]
            envelopes = self._rehearsals.envelopes(arrival.surroundings)
            if caller and envelopes:
                found.append(_Candidate(arrival, envelopes, caller, outcome))
        return found

    def _answer(self, candidate: _Candidate, recorded: Recorded) -> Answer:
        status = 201 if recorded.is_new else 200
        body = self._renderer.render(recorded.record)
        headers = candidate.envelopes[status].around(
            body, request_id=candidate.arrival.request_id, left=_left(candidate.outcome.counted)
        )
        return Answer(status, headers, body)


def _caller(authorization: str, *, at: datetime) -> Actor | None:
    """Who holds a token, if they may record."""
    token = live_token(authorization, at=at)
    if token is None or not TokenRights(token).scopes >= RECORDING:
        return None
    note_use(token, at=at)
    return actor_with(token)


def _readable(candidates: Sequence[_Candidate], *, now: datetime) -> list[_Readable]:
    if not candidates:
        return []
    read = read_each([(one.arrival.model_id, one.arrival.values) for one in candidates], now=now)
    pairs = zip(candidates, read, strict=True)
    return [(candidate, single) for candidate, single in pairs if isinstance(single, Single)]


# --- The limit of writes ---------------------------------------------------------------------------------


def _within_limit(readable: Sequence[_Readable]) -> list[_Readable]:
    """Those that the limit lets through. All are counted, and what is left to Django is not counted again."""
    rate = settings.RATE_LIMIT_WRITE
    if rate is None:
        return list(readable)
    counts = _counts((account_of(candidate.caller) for candidate, _ in readable), seconds=rate.seconds)
    found = []
    for candidate, single in readable:
        counted = candidate.outcome.counted = next(counts[account_of(candidate.caller)])
        if counted.number <= rate.limit:
            found.append((candidate, single))
    return found


def _counts(callers: Iterable[str], *, seconds: int) -> dict[str, Iterator[Count]]:
    """What each caller's recordings are counted as, one by one."""
    return {
        caller: _one_by_one(count(f"{KIND}:{caller}", seconds=seconds, times=times), times)
        for caller, times in Counter(callers).items()
    }


def _one_by_one(last: Count, times: int) -> Iterator[Count]:
    return (last._replace(number=number) for number in range(last.number - times + 1, last.number + 1))


def _left(counted: Count | None) -> bytes | None:
    rate = settings.RATE_LIMIT_WRITE
    return left(KIND, rate, counted).encode() if rate and counted else None
