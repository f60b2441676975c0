"""Lookups that read the same on SQLite and PostgreSQL: `has_item` and `has_item_like` for JSON lists, `lower` for texts.

`tags__has_item="fast"` finds rows whose list holds exactly that item; `tags__has_item_like="fas"` those with
an item that contains the text, whatever its case.
"""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, JSONField, Lookup
from django.db.models.functions import Lower


class HasItem(Lookup):
    lookup_name = "has_item"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = %s)", (*params, self.rhs)

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} @> %s::jsonb", (*params, json.dumps([self.rhs]))


class HasItemLike(Lookup):
    lookup_name = "has_item_like"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        sql = rf"EXISTS (SELECT 1 FROM json_each({column}) WHERE value LIKE %s ESCAPE '\')"
        return sql, (*params, self.pattern(connection))

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        sql = f"EXISTS (SELECT 1 FROM jsonb_array_elements_text({column}) AS item WHERE UPPER(item) LIKE UPPER(%s))"
        return sql, (*params, self.pattern(connection))

    def pattern(self, connection: BaseDatabaseWrapper) -> str:
        return f"%{connection.ops.prep_for_like_query(self.rhs)}%"


def register() -> None:
    """Teach Django's JSON fields the lookups; called once, when the app starts."""
    JSONField.register_lookup(HasItem)
    JSONField.register_lookup(HasItemLike)
    CharField.register_lookup(Lower)
