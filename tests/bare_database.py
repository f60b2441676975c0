"""A copy of the tests' database as it was migrated, before anybody was connected to it (PostgreSQL).

PostgreSQL copies no database that somebody is connected to, and a browser's tests leave such connections.
"""

import psycopg
from django.db import connection
from psycopg import sql


def name() -> str:
    return f"{connection.settings_dict['NAME']}_bare"


def make() -> None:
    drop()
    connection.close()
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with server() as session:
        session.execute(
            copy.format(sql.Identifier(name()), sql.Identifier(str(connection.settings_dict["NAME"])))
        )


def drop() -> None:
    with server() as session:
        session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name())))


def server() -> "psycopg.Connection[tuple[object, ...]]":
    """A connection beside the tests' database."""
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password")
    given = {key: parameters[key] for key in names if parameters.get(key)}
    return psycopg.connect(**given, dbname="postgres", autocommit=True)
