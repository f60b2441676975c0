"""Connecting to PostgreSQL at one of several hosts, in less time than libpq gives a dead one."""

import asyncio
from typing import Any

from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

# A machine that is off says nothing at all. After this long the next one is asked, too.
HEAD_START_SECONDS = 0.25
LISTED = ("host", "hostaddr", "port")

Attempt = asyncio.Task[AsyncConnection]


async def connected(conninfo: str) -> AsyncConnection:
    """To the first that lets us in; hosts are asked in their order. Raises psycopg's Error if none does."""
    attempts: list[Attempt] = []
    good = None
    try:
        for one in one_host_each(conninfo):
            attempts.append(asyncio.create_task(_connect(one)))
            good = await _first_good(attempts, HEAD_START_SECONDS)
            if good is not None:
                break
        while good is None and not all(attempt.done() for attempt in attempts):
            good = await _first_good(attempts)
        if good is None:
            raise OperationalError("No host lets us in.")
        return good.result()
    finally:
        await _let_go([attempt for attempt in attempts if attempt is not good])


def one_host_each(conninfo: str) -> list[str]:
    """`conninfo` for each of its hosts. One port may stand for all of them."""
    parameters: dict[str, Any] = conninfo_to_dict(conninfo)
    listed = {name: str(parameters[name]).split(",") for name in LISTED if parameters.get(name)}
    number = max((len(values) for name, values in listed.items() if name != "port"), default=1)
    return [
        make_conninfo(
            "", **{**parameters, **{name: values[place % len(values)] for name, values in listed.items()}}
        )
        for place in range(number)
    ]


async def _connect(conninfo: str) -> AsyncConnection:
    # libpq's own way to connect holds Python's lock, and with it everybody, until it gives up.
    return await AsyncConnection.connect(conninfo, autocommit=True)


async def _first_good(attempts: list[Attempt], seconds: float | None = None) -> Attempt | None:
    """As soon as one of those under way has ended, well or not, or the time is over."""
    waiting = [attempt for attempt in attempts if not attempt.done()]
    if waiting:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    return next((attempt for attempt in attempts if attempt.done() and attempt.exception() is None), None)


async def _let_go(attempts: list[Attempt]) -> None:
    for attempt in attempts:
        attempt.cancel()
    for connection in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(connection, AsyncConnection):
            await connection.close()
