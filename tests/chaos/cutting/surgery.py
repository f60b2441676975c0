"""One write after the other, cut before each of its statements; and what became of it."""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest import mock

import psycopg
from django.db import connection
from django.test import override_settings

from models_registry import transactions
from tests.chaos.cutting.knife import Cut, Knife
from tests.chaos.cutting.state import NEW_FROM, PREPARED_FROM, Database, State, changed, differing
from tests.chaos.cutting.writes import APART, IMPATIENT, SAME_AGAIN, WRITES, Answer, Send, World

BASE, PREPARED = "base", "prepared"
SETTINGS: dict[str, Any] = {
    # Nobody is to be told that he asks too often, nor to wait for a hash.
    **dict.fromkeys(("RATE_LIMIT_READ", "RATE_LIMIT_WRITE", "RATE_LIMIT_FAILURE")),
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "ALLOWED_HOSTS": ["*"],
    "SECURE_SSL_REDIRECT": False,
}


@dataclass
class Found:
    """What the cuts of some writes have shown."""

    writes: int = 0
    cuts: int = 0
    repeated: int = 0  # done all the same
    refused: int = 0  # nothing happened, and it said so
    unknown: int = 0  # it said that it may have happened
    faults: list[str] = field(default_factory=list)

    @property
    def figures(self) -> str:
        return (
            f"{self.cuts:,} cuts in {self.writes} writes: {self.repeated:,} done all the same, "
            f"{self.refused:,} undone and told so, {self.unknown:,} told as unknown, "
            f"{len(self.faults)} partial or untrue"
        )


class _Case(NamedTuple):
    """A write, and what it does if nobody disturbs it."""

    name: str
    send: Send
    before: State
    after: State
    number: int  # of its statements
    commits: list[int]  # which of them are commits

    def cuts(self, every: int) -> Iterator[tuple[int, Cut]]:
        """Where and how to cut: at `every` so-manieth statement, and in each way at all commits."""
        for at in sorted({*range(1, self.number + 1, every), *self.commits}):
            yield at, Cut.ONCE
            yield at, Cut.FOR_GOOD
        for commit in self.commits:
            yield commit - 1, Cut.BEHIND
            yield commit, Cut.ANSWER_LOST


class Surgery:
    """Cuts the writes of one thread, on PostgreSQL."""

    def __init__(self, surgeon: "psycopg.Connection[Any]") -> None:
        self._database = Database(surgeon)
        self._knife = Knife(surgeon)
        self._found = Found()
        self._world = World()
        self._database.keep(BASE)

    def operate(self, name: str, *, every: int = 1) -> Found:
        """Cut the write of that name at each statement, or every so-manieth. Returns all found so far."""
        self._found.writes += 1
        self._database.put_back(BASE, keys_from=PREPARED_FROM)
        send = WRITES[name](self._world)
        self._database.keep(PREPARED)
        before = self._database.state()
        send()  # so that what Django looks up once in its life is no statement of the write
        touched = changed(before, self._database.state())
        self._database.put_back(PREPARED, keys_from=NEW_FROM, only=touched)
        with self._knife.drawn():
            undisturbed = send()
        if not undisturbed.is_good:
            self._found.faults.append(f"{name}: does not work at all: {undisturbed.text[-300:]}")
            return self._found
        case = _Case(name, send, before, self._database.state(), self._knife.number, self._knife.commits)
        repeatable = self._knife.repeatable if name not in IMPATIENT else frozenset()
        for at, cut in case.cuts(every):
            is_once = cut in {Cut.ONCE, Cut.BEHIND}
            self._cut(case, at, cut, has_to_be_done=is_once and at in repeatable)
        return self._found

    def close(self) -> None:
        for schema in (BASE, PREPARED):
            self._database.forget(schema)

    def _cut(self, case: "_Case", at: int, cut: Cut, *, has_to_be_done: bool) -> None:
        touched = changed(case.before, self._database.state())
        self._database.put_back(PREPARED, keys_from=NEW_FROM, only=touched)
        with self._knife.drawn(at, cut):
            answer = case.send()
        connection.close()
        state = self._database.state()
        self._found.cuts += 1
        apart = APART.get(case.name, frozenset())
        fault = why_not(
            answer,
            from_before=differing(case.before, state, but=apart),
            from_after=differing(case.after, state, but=apart),
            has_to_be_done=has_to_be_done,
            is_same_again=case.name in SAME_AGAIN,
        )
        if fault:
            self._found.faults.append(f"{case.name}, cut {cut} at statement {at}: {fault}")
        self._found.repeated += answer.is_good
        self._found.unknown += answer.is_unknown
        self._found.refused += not (answer.is_good or answer.is_unknown)


def why_not(
    answer: Answer,
    *,
    from_before: Collection[str],
    from_after: Collection[str],
    has_to_be_done: bool,
    is_same_again: bool = False,
) -> str:
    """What is wrong with an answer, or with a state that differs in these tables; empty if nothing is."""
    if not (answer.is_good or answer.is_plain):
        return f"no 503 in its form: {answer.text[:300]}"
    if from_before and from_after:
        return f"a partial state: {', '.join(from_before)} changed, {', '.join(from_after)} not as usual"
    if answer.is_good and from_after:
        return f"it says that it is done, but {', '.join(from_after)} are not as usual"
    if not (answer.is_good or answer.is_unknown or is_same_again) and from_before:
        return f"it says that nothing happened, but {', '.join(from_before)} changed: {answer.text[:200]}"
    if has_to_be_done and not answer.is_good:
        return f"it was not done again: {answer.text[-200:]}"
    return ""


@contextmanager
def surgery() -> Iterator[Surgery]:
    """On the database of this thread's connection, which holds no more than what migrations laid."""
    settings = connection.settings_dict
    with ExitStack() as stack:
        surgeon = stack.enter_context(
            psycopg.connect(
                host=settings["HOST"],
                port=settings["PORT"] or None,
                user=settings["USER"],
                password=settings["PASSWORD"] or None,
                dbname=settings["NAME"],
                autocommit=True,
            )
        )
        stack.enter_context(override_settings(**SETTINGS))
        stack.enter_context(mock.patch.object(transactions, "pause", no_pause))
        operating = Surgery(surgeon)
        stack.callback(operating.close)
        yield operating


def no_pause() -> None:
    """Nobody else has to be let by."""


Say = Callable[[str], None]
