"""Connections to a server that takes no writes any more are given up, and made anew to the one that does."""

from types import TracebackType
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg import Connection
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction

from videoai.databases import WRITABLE

# psycopg has them for mistakes of the program; they are states of the server, and pass.
PASSING = (IdleInTransactionSessionTimeout, ReadOnlySqlTransaction)


class Errors(DatabaseErrorWrapper):
    """Django's, for whom a server that became a standby, or has ended our transaction, is silent."""

    wrapper: Any

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            return
        if isinstance(error, PASSING):
            give_up(self.wrapper)
            raise OperationalError(*error.args).with_traceback(trace) from error
        super().__exit__(kind, error, trace)


class DatabaseWrapper(base.DatabaseWrapper):
    @cached_property
    def wrap_database_errors(self) -> Errors:
        return Errors(self)

    def is_usable(self) -> bool:
        """Asked before the first statement of a request. A standby answers, but is not whom we mean."""
        return super().is_usable() and not self._is_demoted(self.connection)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Of a pool, none that was demoted while nobody used it."""
        connection = super().get_new_connection(conn_params)
        while self.pool and self._is_demoted(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def _is_demoted(self, connection: "Connection[Any]") -> bool:
        """What PostgreSQL 14 and later tell by themselves, along with any answer."""
        if self.settings_dict["OPTIONS"].get("target_session_attrs") not in WRITABLE:
            return False
        told = connection.info.parameter_status
        return "on" in (told("in_hot_standby"), told("default_transaction_read_only"))


def give_up(wrapper: Any) -> None:
    """Close the connection itself, so that no pool hands it out again."""
    if wrapper.connection is not None:
        wrapper.connection.close()
    wrapper.close()
