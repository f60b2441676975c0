"""A database of the test's own, beside the one of the run, that may be replaced."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from tests import bare_database
from tests.factories import AIModelFactory, standard_policy
from videoai.backup.elsewhere import connected_to
from videoai.backup.sqlite import copy_out


@pytest.fixture
def own(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """The name of a migrated database, which Django is connected to meanwhile."""
    name = _own_file(tmp_path) if connection.vendor == "sqlite" else _own_database()
    try:
        with connected_to(name):
            yield name
    finally:
        if connection.vendor == "postgresql":
            _drop_all(name)


@pytest.fixture
def filled(own: str) -> str:
    """A default, a second model, prices, and what was generated."""
    standard_policy()
    AIModelFactory(model_id="acme/first")
    AIModelFactory(model_id="acme/second")
    call_command("make_usage", generations=60, days=40, verbosity=0, stdout=StringIO())
    return own


@pytest.fixture
def taken(filled: str, tmp_path: Path) -> Path:
    """A backup of it."""
    path = tmp_path / "taken"
    call_command("backup", path, stdout=StringIO(), stderr=StringIO())
    return path


def _own_file(folder: Path) -> str:
    path = folder / "own.sqlite3"
    path.touch()
    copy_out(Path(str(connection.settings_dict["NAME"])), path, lambda done, pages: None)
    return str(path)


def _own_database() -> str:
    name = f"{connection.settings_dict['NAME']}_own"
    connection.close()
    with bare_database.server() as session:
        _drop_all(name)
        session.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(bare_database.name())
            )
        )
    return name


def _drop_all(name: str) -> None:
    """With those that it was before, and was to become."""
    with bare_database.server() as session:
        found = session.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name])
        for (found_name,) in found.fetchall():
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(found_name)))
