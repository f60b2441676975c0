"""What all benchmarks share: a catalogue, a server as in production, and a token for it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from django.core.management import call_command
from django.db import connections

from models_registry.models import AIModel
from tests.factories import AIModelFactory, service_token
from tests.server import Server
from videoai.serve import cores

MODELS = 12


@dataclass(frozen=True)
class Bench:
    """The server runs, on the database that Django is connected to."""

    server: Server
    token: str
    generations: int  # that the summary is asked of

    def raw(self) -> psycopg.Connection:
        """A connection of psycopg's own, with its own defaults."""
        return psycopg.connect(os.environ["DATABASE_URL"])


@contextmanager
def prepare(*, generations: int) -> Iterator[Bench]:
    call_command("migrate", verbosity=0)
    for _ in range(MODELS - AIModel.objects.count()):
        AIModelFactory()
    scopes = ("usage:write", "usage:read", "catalog:read")
    token = service_token(*scopes, name=f"bench-{secrets.token_hex(4)}").text
    with Server(os.environ["DATABASE_URL"], workers=cores()) as server:
        try:
            yield Bench(server, token, generations)
        finally:
            connections.close_all()
