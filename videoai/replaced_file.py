"""SQLite's file may be replaced under a running server, as when a backup is moved there.

A connection that was kept would go on reading and writing the old one, which nobody else sees any more.
"""

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from django.core.signals import request_started
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

# Which file each connection was opened on.
_files: WeakKeyDictionary[BaseDatabaseWrapper, int] = WeakKeyDictionary()


def watch() -> None:
    connection_created.connect(_note)
    request_started.connect(let_go)


def let_go(**_: Any) -> None:
    """Close this thread's connections to a file that is not there any more, but another one in its place."""
    for connection in connections.all(initialized_only=True):
        file = _files.get(connection)
        if file is not None and not connection.in_atomic_block and file != (_file(connection) or file):
            connection.close()


def _note(connection: BaseDatabaseWrapper, **_: Any) -> None:
    file = _file(connection) if connection.vendor == "sqlite" else None
    if file is not None:
        _files[connection] = file


def _file(connection: BaseDatabaseWrapper) -> int | None:
    """None if there is none, as for a database in memory."""
    try:
        return Path(connection.settings_dict["NAME"]).stat().st_ino
    except OSError:
        return None
