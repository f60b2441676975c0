"""What all benchmarks share: a catalogue, a server as in production, and a token for it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

import psycopg
from django.core.management import call_command
from django.db import connections

from models_registry.models import AIModel
from tests.benchmarks import database
from tests.benchmarks.catalogue import Catalogue, lay
from tests.factories import AIModelFactory, service_token
from tests.server import Server
from videoai.cores import cores

MODELS = 12
ROUNDS, QUICK_ROUNDS = 5, 2  # that count


@dataclass
class Bench:
    """On the database that Django is connected to; what nobody asks for is not started."""

    token: str
    generations: int  # that the summary is asked of
    quick: bool
    stack: ExitStack
    catalogues: dict[int, Catalogue] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return QUICK_ROUNDS if self.quick else ROUNDS

    @cached_property
    def server(self) -> Server:
        return self.stack.enter_context(Server(os.environ["DATABASE_URL"], workers=cores()))

    def raw(self) -> psycopg.Connection:
        """A connection of psycopg's own, with its own defaults."""
        return psycopg.connect(os.environ["DATABASE_URL"])

    def catalogue(self, *, models: int) -> Catalogue:
        """In a database of its own, which is dropped in the end."""
        if models not in self.catalogues:
            beside = os.environ["DATABASE_URL"]
            name = f"{urlsplit(beside).path.strip('/')}_{models}"
            self.stack.enter_context(database.made(name, beside=beside, keep=False))
            self.catalogues[models] = lay(database.address_of(name, beside=beside), models=models)
        return self.catalogues[models]


@contextmanager
def prepare(*, generations: int, quick: bool) -> Iterator[Bench]:
    call_command("migrate", verbosity=0)
    for _ in range(MODELS - AIModel.objects.count()):
        AIModelFactory()
    scopes = ("usage:write", "usage:read", "catalog:read")
    token = service_token(*scopes, name=f"bench-{secrets.token_hex(4)}").text
    with ExitStack() as stack:
        stack.callback(connections.close_all)
        yield Bench(token, generations, quick, stack)
