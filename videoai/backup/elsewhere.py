"""Letting Django look at another database of the same server, or another file, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """What asks the default database is answered by the one called `name`. Of this process alone."""
    settings = connection.settings_dict
    usual = settings["NAME"]
    _let_go()
    settings["NAME"] = name
    try:
        yield
    finally:
        _let_go()
        settings["NAME"] = usual


def _let_go() -> None:
    connection.close()
    close_pool = getattr(connections[connection.alias], "close_pool", None)
    if close_pool is not None:
        close_pool()
