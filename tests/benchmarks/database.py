"""The database of the benchmarks' own, beside the one that DATABASE_URL names."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

USUAL = "postgres://postgres@127.0.0.1:5432/postgres"


def address_of(name: str, *, beside: str) -> str:
    return urlsplit(beside)._replace(path=f"/{name}").geturl()


@contextmanager
def made(name: str, *, beside: str, keep: bool) -> Iterator[None]:
    """A new database for the time being, or for good. Exits with a sentence when there is no PostgreSQL."""
    try:
        server = psycopg.connect(beside, autocommit=True)
    except (psycopg.Error, ValueError) as error:
        sys.exit(f"No PostgreSQL answers at DATABASE_URL (by default {USUAL}): {error}")
    quoted = psycopg.sql.Identifier(name)
    drop = psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted)
    with server:
        server.execute(drop)
        server.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(quoted))
        try:
            yield
        finally:
            if not keep:
                server.execute(drop)
