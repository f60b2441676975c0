"""CSV that spreadsheets read and don't run: RFC 4180, exact numbers, UTC times, nothing for the unknown."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from models_registry.values import decimal_text

FORMULA = ("=", "+", "-", "@", "\t", "\r")

Value = str | bool | int | float | Decimal | datetime | None


def csv_text(header: Iterable[str], rows: Iterable[Iterable[Value]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([cell(name) for name in header])
    writer.writerows([cell(value) for value in row] for row in rows)
    return file.getvalue()


def cell(value: Value) -> str:
    """Exact and without exponent; a text that a spreadsheet would run begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return decimal_text(Decimal(str(value)))
