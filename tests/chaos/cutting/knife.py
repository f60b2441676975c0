"""What cuts this thread's connection to PostgreSQL just before a statement, or behind a commit."""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import psycopg
from django.db import OperationalError, connection

from models_registry import transactions

PATIENCE = 10_000  # milliseconds


class Cut(StrEnum):
    """How it is cut: before one statement or behind it, before that and all that follow, or at a commit, when
    its answer is on the way."""

    ONCE = "once"
    BEHIND = "behind"
    FOR_GOOD = "for good"
    ANSWER_LOST = "answer lost"


class Knife:
    """Counts statements, commits among them, while it is `drawn`; and cuts at the one that is told."""

    def __init__(self, surgeon: "psycopg.Connection[Any]") -> None:
        self._surgeon = surgeon
        self.number = 0
        self.commits: list[int] = []
        self.repeatable: set[int] = set()  # what belongs to a transaction, or comes before any has written
        self._at, self._cut, self._written = 0, Cut.ONCE, 0

    @contextmanager
    def drawn(self, at: int = 0, cut: Cut = Cut.ONCE) -> Iterator[None]:
        """Cut at the statement of that number; 0: nowhere."""
        self.number, self.commits, self.repeatable = 0, [], set()
        self._written = transactions.done().commits
        self._at, self._cut = at, cut
        wrapper: Any = connection
        commit = wrapper._commit
        wrapper._commit = lambda: self._committing(commit)
        try:
            with connection.execute_wrapper(self._executing):
                yield
        finally:
            del wrapper._commit

    def _executing(self, execute: Callable[..., Any], *call: Any) -> Any:
        self._next()
        if connection.in_atomic_block or transactions.done().commits == self._written:
            self.repeatable.add(self.number)
        result = execute(*call)
        if self._cut == Cut.BEHIND and self.number == self._at:
            self._end_connection()
        return result

    def _committing(self, commit: Callable[[], None]) -> None:
        is_lost = self._cut == Cut.ANSWER_LOST and self.number + 1 == self._at
        self._next()
        self.commits.append(self.number)
        commit()
        if is_lost:
            driver: Any = connection.connection
            driver.close()
            raise OperationalError from psycopg.OperationalError("server closed the connection unexpectedly")

    def _next(self) -> None:
        self.number += 1
        is_here = self.number == self._at and self._cut == Cut.ONCE
        if is_here or (self._cut == Cut.FOR_GOOD and 0 < self._at <= self.number):
            self._end_connection()

    def _end_connection(self) -> None:
        """Returns when the server has hung up."""
        driver: Any = connection.connection
        if driver is not None and not driver.closed:
            self._surgeon.execute("SELECT pg_terminate_backend(%s)", [driver.info.backend_pid])
            poll = select.poll()
            poll.register(driver.fileno(), select.POLLRDHUP)
            if not poll.poll(PATIENCE):
                raise TimeoutError("The server does not hang up.")
