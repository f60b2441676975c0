"""How imports and exports are told on a terminal, a line each.

The lines may hold what files hold; the command that writes them makes them safe for a terminal.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from models_registry.values import decimal_text, shown
from videoai.exchange.diff import ABSENT, FieldChange, ModelChange
from videoai.exchange.importing import ImportReport, RowsRefused
from videoai.exchange.rates import Charge
from videoai.exchange.reader import Problem


def report_lines(report: ImportReport) -> Iterator[str]:
    for change in report.changes:
        yield from _new_lines(change) if change.is_new else _change_lines(change)


def problem_lines(refused: RowsRefused) -> Iterator[str]:
    yield from map(_problem_line, refused.problems)


def summary(report: ImportReport) -> str:
    return f"{report.created:,} created, {report.changed:,} changed, {report.unchanged:,} unchanged."


def summary_of_problems(refused: RowsRefused) -> str:
    problems = _amount(len(refused.problems), "problem")
    return f"{problems} in {refused.bad_rows:,} of {_amount(refused.rows, 'row')}."


def _amount(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _new_lines(change: ModelChange) -> Iterator[str]:
    yield f"+ {change.model_id}  new"
    for field in change.fields:
        yield f"    {field.name}: {_value(field.after)}"


def _change_lines(change: ModelChange) -> Iterator[str]:
    for field in change.fields:
        yield f"~ {change.model_id}  {field.name}: {_transition(field)}"


def _transition(field: FieldChange) -> str:
    if field.before is ABSENT:
        return f"(none) → {_value(field.after)}"
    if field.after is ABSENT:
        return f"{_value(field.before)} → (removed)"
    before, after = _value(field.before), _value(field.after)
    return f"{before} → {after}" if before != after else f"{before} → the same beginning, then differing"


def _value(value: Any) -> str:
    if isinstance(value, Charge):
        return value.words
    return decimal_text(value) if isinstance(value, Decimal) else shown(value)


def _problem_line(problem: Problem) -> str:
    parts = [f"line {problem.line}:", problem.model_id or "(no id)"]
    if problem.field is not None:
        parts.append(f"{problem.field}:")
    return " ".join([*parts, problem.reason])
