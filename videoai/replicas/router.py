"""Sends queries to a replica while it is being read from; everything else goes to the primary."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from models_registry.replicable import Replicable
from videoai.replicas.reading import current

# By the app of a query's own table. Credentials and sessions are in none of them.
APPS = {
    Replicable.FIGURES: frozenset({"usage"}),
    Replicable.TRAIL: frozenset({"audit"}),
    Replicable.CATALOGUE: frozenset({"models_registry", "pricing", "usage"}),
}


class Router:
    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        now = current()
        if now is None or model._meta.app_label not in APPS[now.what]:
            return DEFAULT_DB_ALIAS
        # A transaction on the primary sees its own changes.
        return DEFAULT_DB_ALIAS if connections[DEFAULT_DB_ALIAS].in_atomic_block else now.alias

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, *_: Model, **hints: Any) -> bool:
        return True  # rows of a replica are rows of the primary

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS
