"""Putting the edge together, as the settings say."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from django.db import connection

from videoai.edge.application import Edge
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
        return SQLite(Path(connection.settings_dict["NAME"]))
    return PostgreSQL(connection.get_connection_params())


def edge() -> Edge:
    freshness = Freshness(source())
    places = settings.EDGE_UPSTREAM
    django = Upstream(places) if places else Django(django_application)
    return Edge(
        freshness=freshness,
        behind=Threads(django, ThreadPoolExecutor(settings.EDGE_THREADS, "django"), pulse=freshness.read),
        makers=Threads(django, ThreadPoolExecutor(MAKERS * max(1, len(places)), "making")),
        # Of this process, whoever answers the rest.
        alive=Threads(Django(django_application), ThreadPoolExecutor(1, "alive")),
        cache_bytes=settings.EDGE_CACHE_BYTES,
    )
