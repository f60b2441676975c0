"""Connections to a server that takes no writes any more are given up, and made anew to the one that does.

And a commit that its synchronous replicas have not confirmed is not taken for one that came through.
"""

from types import TracebackType
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg import Connection
from psycopg.errors import Diagnostic, IdleInTransactionSessionTimeout, ReadOnlySqlTransaction

from videoai.databases import WRITABLE

# psycopg has them for mistakes of the program; they are states of the server, and pass.
PASSING = (IdleInTransactionSessionTimeout, ReadOnlySqlTransaction)
# Where PostgreSQL's code tells that it does not wait for its replicas any more. The words are of the server's
# language, and the SQLSTATE is that of any warning.
WAITS_FOR_REPLICAS = "SyncRepWaitForLSN"


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

    def _commit(self) -> None:
        """Raises OperationalError, too, if the wait for the replicas was cut off.

        PostgreSQL then only warns: it stands here, and is lost if a replica takes this server's place.
        """
        warned: list[bool] = []

        def hear(notice: Diagnostic) -> None:
            warned.append(notice.source_function == WAITS_FOR_REPLICAS)

        driver = self.connection
        if driver is not None:
            driver.add_notice_handler(hear)
        try:
            super()._commit()  # type: ignore[misc]  # which the stubs leave out
        finally:
            if driver is not None:
                driver.remove_notice_handler(hear)
        if any(warned):
            raise OperationalError("The replicas have not confirmed the commit, and it waits no longer.")

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
