"""The other side of the comparison: the SQL that our own code sends, sent by psycopg alone.

Statements and parameters are taken down while our code runs, which is then rolled back: never out of date.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import psycopg
from django.db import connection, transaction

ROWS = "[{"  # how a parameter begins that holds rows


class Statement(NamedTuple):
    """One that was sent; rows are read from their parameter, to be written into it again."""

    sql: str
    parameters: Sequence[Any]

    def run(self, cursor: psycopg.Cursor) -> None:
        cursor.execute(self.sql, [_written(parameter) for parameter in self.parameters])


def taken_down(work: Callable[[], object]) -> list[Statement]:
    """The statements of `work`, which is undone."""
    statements: list[Statement] = []

    def take_down(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(Statement(sql, [_read(parameter) for parameter in params or ()]))
        return execute(sql, params, many, context)

    with transaction.atomic(), connection.execute_wrapper(take_down):
        work()
        transaction.set_rollback(True)
    return [statement for statement in statements if "SAVEPOINT" not in statement.sql]


def run(raw: psycopg.Connection, transactions: Sequence[Sequence[Statement]]) -> None:
    """Each in a transaction of its own."""
    for statements in transactions:
        with raw.cursor() as cursor:
            for statement in statements:
                statement.run(cursor)
                if cursor.description:
                    cursor.fetchall()
        raw.commit()


def run_in_one_go(raw: psycopg.Connection, statements: Sequence[Statement]) -> None:
    """A transaction whose statements are all sent before the first answer is awaited."""
    with raw.pipeline(), raw.cursor() as cursor:
        for statement in statements:
            statement.run(cursor)
        raw.commit()


def sweep() -> None:
    """Take away what was undone, and let the planner know the tables."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _read(parameter: Any) -> Any:
    if isinstance(parameter, str) and parameter.startswith(ROWS):
        return json.loads(parameter)
    return parameter


def _written(parameter: Any) -> Any:
    if isinstance(parameter, list):
        return json.dumps(parameter, ensure_ascii=False, separators=(",", ":"))
    return parameter
