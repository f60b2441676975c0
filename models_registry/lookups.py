"""Lookups that read the same on SQLite and PostgreSQL.

    tags__has_item="fast"        the JSON list holds exactly this item
    tags__has_item_with="fas"    it holds an item with this text in it, in any case
    name__holds="veo"            the text holds this text, in any case; nothing in it is a wildcard
    model_id__lower="google/x"   the lower-cased text is this; the unique index serves it

SQLite knows the case of ASCII letters only, so it gets a function of ours, `casefold`.
"""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import CharField, JSONField, Lookup, TextField
from django.db.models.functions import Lower

SQL = tuple[str, tuple[Any, ...]]


class Holds(Lookup):
    lookup_name = "holds"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        return f"instr(casefold({column}), casefold(%s)) > 0", (*params, self.rhs)

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        return f"position(lower(%s) in lower({column})) > 0", (self.rhs, *params)


class HasItem(Lookup):
    lookup_name = "has_item"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = %s)", (*params, self.rhs)

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} @> %s::jsonb", (*params, json.dumps([self.rhs]))


class HasItemWith(Lookup):
    lookup_name = "has_item_with"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        found = "instr(casefold(value), casefold(%s)) > 0"
        return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE {found})", (*params, self.rhs)

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        items = f"jsonb_array_elements_text({column}) AS item"
        return f"EXISTS (SELECT 1 FROM {items} WHERE position(lower(%s) in lower(item)) > 0)", (
            *params,
            self.rhs,
        )


def _casefold(text: object) -> str:
    return "" if text is None else str(text).casefold()


def add_casefold(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("casefold", 1, _casefold, deterministic=True)


def register() -> None:
    """Teach Django's fields the lookups, and new SQLite connections the function; for the app's start."""
    for field in (CharField, TextField):
        field.register_lookup(Holds)
    CharField.register_lookup(Lower)
    JSONField.register_lookup(HasItem)
    JSONField.register_lookup(HasItemWith)
    connection_created.connect(add_casefold, dispatch_uid="models_registry.casefold")
