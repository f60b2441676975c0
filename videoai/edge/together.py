"""Recording many arrivals in one transaction, and answering each as Django would have."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from rest_framework.renderers import JSONRenderer

from models_registry.api.scopes import RECORDING
from models_registry.usage.recording import Recorded, Single, read_each, record_each
from videoai.access.authentication import actor_with, live_token
from videoai.access.last_use import note_use
from videoai.access.scopes import TokenRights
from videoai.edge.arrivals import Arrival
from videoai.edge.rehearsal import Envelopes, Rehearsals, limits
from videoai.limits.caches import Count
from videoai.limits.callers import account_of
from videoai.limits.counting import count

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    headers: Headers
    body: bytes


@dataclass(slots=True)
class _Candidate:
    """An arrival that was let in."""

    place: int  # among the arrivals
    arrival: Arrival
    envelopes: Envelopes
    caller: str
    counted: Count | None = None


class Together:
    """Records batches of arrivals, one after the other, in one thread."""

    def __init__(self) -> None:
        self._rehearsals = Rehearsals()
        self._renderer = JSONRenderer()

    def record(self, arrivals: Sequence[Arrival]) -> list[Answer | None]:
        """The answers to `arrivals`, after the commit; None to those that Django has to refuse.

        Raises django.db.Error when nothing was recorded, or nobody knows.
        """
        now = timezone.now()
        answers: list[Answer | None] = [None] * len(arrivals)
        readable = _readable(self._let_in(arrivals, now=now), now=now)
        within = _within_limit(readable)
        outcomes = record_each([single for _, single in within])
        for (candidate, _), outcome in zip(within, outcomes, strict=True):
            if isinstance(outcome, Recorded):
                answers[candidate.place] = self._answer(candidate, outcome)
        return answers

    def _let_in(self, arrivals: Sequence[Arrival], *, now: datetime) -> list[_Candidate]:
        callers = {header: _caller(header, at=now) for header in {one.authorization for one in arrivals}}
        found = []
        for place, arrival in enumerate(arrivals):
            caller = callers[arrival.authorization]
            envelopes = self._rehearsals.envelopes(arrival.surroundings)
            if caller and envelopes:
                found.append(_Candidate(place, arrival, envelopes, caller))
        return found

    def _answer(self, candidate: _Candidate, recorded: Recorded) -> Answer:
        status = 201 if recorded.is_new else 200
        body = self._renderer.render(recorded.record)
        headers = candidate.envelopes[status].around(
            body,
            request_id=candidate.arrival.request_id,
            limits=limits(settings.RATE_LIMIT_WRITE, candidate.counted),
        )
        return Answer(status, headers, body)


def _caller(authorization: str, *, at: datetime) -> str | None:
    """Whom a token's holder is counted as, if they may record."""
    token = live_token(authorization, at=at)
    if token is None or not TokenRights(token).scopes >= RECORDING:
        return None
    note_use(token, at=at)
    return account_of(actor_with(token))


def _readable(candidates: Sequence[_Candidate], *, now: datetime) -> list[tuple[_Candidate, Single]]:
    if not candidates:
        return []
    read = read_each([(one.arrival.model_id, one.arrival.values) for one in candidates], now=now)
    pairs = zip(candidates, read, strict=True)
    return [(candidate, single) for candidate, single in pairs if isinstance(single, Single)]


def _within_limit(readable: Sequence[tuple[_Candidate, Single]]) -> list[tuple[_Candidate, Single]]:
    """Those that the limit lets through, each counted.

    Who is above it is counted again where the refusal is made, which nobody below it can tell.
    """
    rate = settings.RATE_LIMIT_WRITE
    if rate is None:
        return list(readable)
    numbers = _numbers((candidate.caller for candidate, _ in readable), seconds=rate.seconds)
    for candidate, _ in readable:
        candidate.counted = next(numbers[candidate.caller])
    return [one for one in readable if one[0].counted and one[0].counted.number <= rate.limit]


def _numbers(callers: Iterable[str], *, seconds: int) -> dict[str, Iterator[Count]]:
    """What each caller's recordings are counted as, one by one."""
    return {
        caller: _one_by_one(count(f"write:{caller}", seconds=seconds, times=times), times)
        for caller, times in Counter(callers).items()
    }


def _one_by_one(last: Count, times: int) -> Iterator[Count]:
    return (last._replace(number=number) for number in range(last.number - times + 1, last.number + 1))
