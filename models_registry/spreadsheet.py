"""CSV that spreadsheets read and don't run: RFC 4180, exact numbers, UTC times, nothing for the unknown."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from models_registry.values import decimal_text

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# What spreadsheets may pass over before they look: white space, and characters that nobody sees.
UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+")

Value = str | bool | int | float | Decimal | datetime | None


def csv_text(header: Iterable[str], rows: Iterable[Iterable[Value]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([cell(name) for name in header])
    writer.writerows([cell(value) for value in row] for row in rows)
    return file.getvalue()


def is_formula(text: str) -> bool:
    """Also behind blanks, and in the wide forms that some programs take for the plain signs."""
    first = unicodedata.normalize("NFKC", UNSEEN.sub("", text[:50]))
    return text.startswith(FORMULA) or first.startswith(FORMULA)


def cell(value: Value) -> str:
    """Exact and without exponent; a text that a spreadsheet would run begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if is_formula(value) else value
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return decimal_text(Decimal(str(value)))
