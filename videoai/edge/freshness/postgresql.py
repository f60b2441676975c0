"""Looking at PostgreSQL with libpq itself: a look costs the event loop about thirty microseconds."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection, Error, OperationalError, pq
from psycopg.conninfo import make_conninfo

from videoai.edge.freshness.connecting import connected
from videoai.edge.freshness.reading import MOST_CHANGES, PATIENCE_SECONDS, Silent, State, Touched

LOOK = b"look"
# The file tells one table from another that took its place, and from itself before it was emptied.
STATE = "pg_relation_filenode(r.tableoid), r.epoch, r.revision, r.xmin"
# As one text, which is compared before it is read; with whether the next turn, if there is one, has come.
LOOK_SQL = f"""
    SELECT concat_ws(' ', {STATE}, clock_timestamp() >= $1::timestamptz)
    FROM catalogue_revision AS r WHERE id = 1
""".encode()  # noqa: S608
# Behind the state: has the next turn come, and when is it? Who schedules moves the revision.
NO_TURN = "SELECT NULL::timestamptz"
TURN = "clock_timestamp() >= turn.at, turn.at"
OPEN_SQL = f"""
    SELECT {STATE}, {TURN}, m.id, m.model_id FROM catalogue_revision AS r
    CROSS JOIN (SELECT ({{next_turn}}) AS at) AS turn
    LEFT JOIN models AS m ON m.is_active WHERE r.id = 1
"""  # noqa: S608
TOUCHED_SQL = f"""
    SELECT {STATE}, {TURN}, s.kind, s.row_id, m.model_id, m.is_active FROM catalogue_revision AS r
    CROSS JOIN (SELECT ({{next_turn}}) AS at) AS turn
    LEFT JOIN catalogue_stamps AS s ON s.revision > $1
    LEFT JOIN models AS m ON s.kind = 'models' AND m.id = s.row_id
    WHERE r.id = 1 LIMIT {MOST_CHANGES + 1}
"""  # noqa: S608
# A restored table gets its triggers last: without them, nothing would tell of the rows that still come.
IS_GUARDED_SQL = b"""
    SELECT 1 FROM pg_trigger
    WHERE tgrelid = 'models'::regclass AND NOT tgisinternal AND tgenabled <> 'D' LIMIT 1
"""
# Nothing was ever written: the row comes with the first change.
NEVER_WRITTEN = State("", "", 0, "")
OK = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)

Rows = list[list[bytes | None]]


class PostgreSQL:
    """One connection, watched by the event loop; `parameters` are psycopg's.

    `next_turn` is a query for the moment at which something is due, or null.
    """

    def __init__(self, parameters: Mapping[str, Any], *, next_turn: str = NO_TURN) -> None:
        self._conninfo = conninfo(parameters)
        self._open_sql = OPEN_SQL.format(next_turn=next_turn).encode()
        self._touched_sql = TOUCHED_SQL.format(next_turn=next_turn).encode()
        self._turn: bytes | None = None
        self._session: AsyncConnection | None = None
        self._connection: pq.abc.PGconn | None = None  # the session's
        self._socket = -1
        self._done: Callable[[Rows | Silent], None] | None = None
        self._looked: tuple[bytes | None, State] = (None, NEVER_WRITTEN)

    async def open(self) -> tuple[State, dict[int, str]]:
        self.close()
        try:
            self._session = await connected(self._conninfo)
        except Error:
            raise Silent("A connection can't be made.") from None  # its own words may hold the address
        connection = self._session.pgconn
        self._connection, self._socket = connection, connection.socket
        asyncio.get_running_loop().add_reader(self._socket, self._arrived)
        if not await self._rows(lambda: connection.send_query_params(IS_GUARDED_SQL, None)):
            raise Silent("The tables have no triggers; is a backup being restored?")
        await self._rows(lambda: connection.send_prepare(LOOK, LOOK_SQL))
        rows = await self._rows(lambda: connection.send_query_params(self._open_sql, None))
        return self._read(rows), {int(row[6]): row[7].decode() for row in rows if row[6] and row[7]}

    def look(self, done: Callable[[State | Silent], None]) -> None:
        connection = self._connection
        if connection is None:
            raise Silent("There is no connection.")
        self._ask(
            lambda: connection.send_query_prepared(LOOK, [self._turn]),
            lambda rows: done(rows if isinstance(rows, Silent) else self._state(rows)),
        )

    async def touched(self, since: State) -> tuple[State, list[Touched]]:
        connection = self._connection
        if connection is None:
            raise Silent("There is no connection.")
        revision = str(since.revision).encode()
        rows = await self._rows(lambda: connection.send_query_params(self._touched_sql, [revision]))
        return self._read(rows), [_touched(row) for row in rows if row[6] is not None]

    def close(self) -> None:
        connection, self._connection, self._done = self._connection, None, None
        if connection is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            connection.finish()

    def _read(self, rows: Rows) -> State:
        """The state that these rows begin with; the looks to come ask for the turn behind it."""
        self._turn = rows[0][5] if rows else None
        return _state(rows)

    def _state(self, rows: Rows) -> State:
        """The state in the text of a look, which is hardly ever another one than the last time."""
        text = rows[0][0] if rows else None
        if text != self._looked[0]:
            self._looked = text, _state([text.split()]) if text else NEVER_WRITTEN
        return self._looked[1]

    async def _rows(self, send: Callable[[], None]) -> Rows:
        future: asyncio.Future[Rows | Silent] = asyncio.get_running_loop().create_future()
        self._ask(send, lambda rows: None if future.done() else future.set_result(rows))
        rows = await future
        if isinstance(rows, Silent):
            raise rows
        return rows

    def _ask(self, send: Callable[[], None], done: Callable[[Rows | Silent], None]) -> None:
        self._done = done
        try:
            send()
            # What is asked for fits into any socket's buffer: there is nothing to wait for.
            if self._connection is not None:
                self._connection.flush()
        except OperationalError:
            self._done = None
            raise Silent("The connection is broken.") from None

    def _arrived(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            connection.consume_input()
            if connection.is_busy():
                return
            rows = _result(connection)
        except (OperationalError, Silent):
            # Unwatched at once: a closed socket stays readable for ever.
            asyncio.get_running_loop().remove_reader(self._socket)
            rows = Silent("The connection was cut.")
        done, self._done = self._done, None
        if done is not None:
            done(rows)


def conninfo(parameters: Mapping[str, Any]) -> str:
    """Of Django's parameters, those that libpq knows; with patience as short as ours."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    ours = {
        "application_name": "videoai-edge",
        "connect_timeout": int(PATIENCE_SECONDS),
        "tcp_user_timeout": int(PATIENCE_SECONDS * 1_000),
        "keepalives_idle": 5,
        "keepalives_interval": 1,
        "keepalives_count": 3,
    }
    given = {name: value for name, value in parameters.items() if name in known and value is not None}
    return make_conninfo("", **{**given, **ours})


def _result(connection: "pq.abc.PGconn") -> Rows | Silent:
    """The rows of the only result. Raises Silent if the connection, or what it was asked, is no good."""
    rows: Rows = []
    while (result := connection.get_result()) is not None:
        if result.status not in OK:
            raise Silent("The catalogue can't be read.")
        rows += [
            [result.get_value(row, column) for column in range(result.nfields)]
            for row in range(result.ntuples)
        ]
    if connection.status != pq.ConnStatus.OK:
        raise Silent("The connection was cut.")
    return rows


def _state(rows: Sequence[Sequence[bytes | None]]) -> State:
    if not rows:
        return NEVER_WRITTEN
    place, epoch, revision, version = (column or b"" for column in rows[0][:4])
    is_due = rows[0][4:5] == [b"t"]
    return State(place.decode(), epoch.decode(), int(revision), version.decode(), is_due)


def _touched(row: list[bytes | None]) -> Touched:
    kind, row_id, model_id, is_active = row[6:]
    return Touched(
        (kind or b"").decode(), int(row_id or 0), model_id.decode() if model_id else None, is_active == b"t"
    )
