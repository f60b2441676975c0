"""A pytest plugin for another release's tests: their databases are copies of one that stands ready.

It is loaded beside code that it does not belong to, so it imports nothing of ours, and runs no migration:
that would put back the triggers as that release knows them.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.base.creation import BaseDatabaseCreation

READY = "READY_DATABASE"  # a file of SQLite, or the name of a database beside the one of the tests


def copied(creation: BaseDatabaseCreation, *_: Any, **__: Any) -> str:
    """In place of `create_test_db`, which would migrate."""
    connection, name = creation.connection, creation._get_test_db_name()
    connection.close()
    if connection.vendor == "sqlite":
        Path(name).parent.mkdir(exist_ok=True)
        shutil.copyfile(os.environ[READY], name)
    else:
        with creation._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{os.environ[READY]}"')
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
    return name


def pytest_configure() -> None:
    BaseDatabaseCreation.create_test_db = copied
