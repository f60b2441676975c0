"""Statements on a replica are given up as soon as it is found silent, and what fails is noted."""

from collections.abc import Generator
from types import TracebackType
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg import Connection, IsolationLevel, OperationalError

from videoai.replicas.reading import note_failure
from videoai.replicas.silence import is_silent


class Errors(DatabaseErrorWrapper):
    """Django's; what is being read from the replica learns of each."""

    wrapper: Any

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            note_failure(self.wrapper.alias, error)
        super().__exit__(kind, error, trace)


class Silent(OperationalError):
    """A replica was waited for in vain."""


class Watched(Connection[Any]):
    """Waits for its server no longer than others find it alive.

    A server that hangs keeps its connections: nobody else would ever tell.
    """

    alias = ""

    def wait(self, gen: Any, *rest: Any, **options: Any) -> Any:
        try:
            return super().wait(_watched(gen, self.alias), *rest, **options)
        except Silent:
            self.pgconn.finish()
            raise


class DatabaseWrapper(base.DatabaseWrapper):
    @cached_property
    def wrap_database_errors(self) -> Errors:
        return Errors(self)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Watched:
        if is_silent(self.alias):
            raise Silent("The replica is silent.")
        self.isolation_level = IsolationLevel.READ_COMMITTED
        connection = Watched.connect(**conn_params)
        connection.alias = self.alias
        return connection


def _watched(waiting: "Generator[Any, Any, Any]", alias: str) -> "Generator[Any, Any, Any]":
    """`waiting` is resumed several times a second, with 0 while nothing has come."""
    try:
        wanted = next(waiting)
        while True:
            ready = yield wanted
            if not ready and is_silent(alias):
                raise Silent("The replica has fallen silent.")
            wanted = waiting.send(ready)
    except StopIteration as end:
        return end.value
