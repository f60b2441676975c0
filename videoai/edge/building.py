"""Putting the edge together, as the settings say."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections, connection

from models_registry.services import carry_out_what_is_due
from models_registry.turning import next_turn_sql
from videoai.edge.application import Edge
from videoai.edge.behind.lane import Lane
from videoai.edge.behind.threads import Django, Threads
from videoai.edge.behind.upstream import Upstream
from videoai.edge.freshness.postgresql import PostgreSQL
from videoai.edge.freshness.reading import Freshness, Source
from videoai.edge.freshness.sqlite import SQLite
from videoai.wsgi import application as django_application

# A process is bound by Python's one lock; the others work while one waits for the database, however long.
MAKERS = 4


def source() -> Source:
    """A look at the database that Django has its data in."""
    if connection.vendor == "sqlite":
        return SQLite(Path(connection.settings_dict["NAME"]), next_turn=next_turn_sql())
    return PostgreSQL(connection.get_connection_params(), next_turn=next_turn_sql())


def carry_out() -> None:
    """What is due, in a thread of its own."""
    close_old_connections()
    try:
        carry_out_what_is_due()
    finally:
        close_old_connections()


def edge() -> Edge:
    turning = ThreadPoolExecutor(1, "turning")
    freshness = Freshness(
        source(), settle=lambda: asyncio.get_running_loop().run_in_executor(turning, carry_out)
    )
    places = settings.EDGE_UPSTREAM
    django = Upstream(places) if places else Django(django_application)
    answering = ThreadPoolExecutor(settings.EDGE_THREADS, "django")
    # Writers stand in line for the catalogue's lock, which an import holds for long. Who only reads goes on.
    writers = Lane(answering, most=max(1, settings.EDGE_THREADS - 1))
    return Edge(
        freshness=freshness,
        behind=Threads(django, answering, writers=writers, pulse=freshness.read),
        makers=Threads(
            django, ThreadPoolExecutor(MAKERS * max(1, len(places)), "making"), pulse=freshness.read
        ),
        # Of this process, whoever answers the rest.
        alive=Threads(Django(django_application), ThreadPoolExecutor(3, "alive")),
        cache_bytes=settings.EDGE_CACHE_BYTES,
    )
