"""Strict JSON that knows on which line each part begins.

The standard decoder names the line of a syntax error only. Here the upper levels of the document are walked
by hand and what lies below is left to `strict_json`: down to the fields of a row, every part has its line.

What breaks the document as a whole (no JSON, no UTF-8) raises JSONDecodeError or DocumentError. What is wrong
with one value only (a duplicate key, a NaN) stays with that value as a complaint, so that all of a file's
faults can be told at once.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models_registry.strict_json import read_value_at

BLANK = re.compile(r"[ \t\n\r]*")
MOST_BYTES = 64 * 1024 * 1024


class DocumentError(Exception):
    """The document can't be read at all; the message says why, and where."""


@dataclass(frozen=True)
class Value:
    """A JSON value below the walked levels, decimals as `Decimal`."""

    line: int
    content: Any
    complaints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Items:
    """A JSON list."""

    line: int
    items: "list[Node]"


@dataclass(frozen=True)
class Members:
    """A JSON object; a key may stand twice."""

    line: int
    pairs: "list[tuple[str, Node]]"


Node = Value | Items | Members
Reading = tuple[Node, int]  # what was read, and the position behind it


def parse(content: bytes) -> Members:
    """Read a document whose outermost value is an object. Raises DocumentError."""
    try:
        return Walker(_decoded(content)).document()
    except json.JSONDecodeError as error:
        ending = "" if error.doc[error.pos :].strip() else "; the file ends too early"
        raise DocumentError(f"line {error.lineno}, column {error.colno}: {error.msg}{ending}") from error


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise DocumentError(f"The file has more than {MOST_BYTES // 1024**2} MiB. Split it.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"line {line}: byte {error.start} is not UTF-8. Save the file as UTF-8."
        ) from error


class Walker:
    """Reads `text` once from left to right; each reading method takes the position where its value begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line_ends = [match.start() for match in re.finditer("\n", text)]

    def document(self) -> Members:
        start = self._skip_blanks(0)
        if self._character(start) != "{":
            raise json.JSONDecodeError("Expecting a JSON object", self.text, start)
        document, end = self._members(start, self._entry)
        end = self._skip_blanks(end)
        if end != len(self.text):
            raise json.JSONDecodeError("Expecting nothing more behind the object", self.text, end)
        return document

    def _entry(self, start: int) -> Reading:
        return self._items(start) if self._character(start) == "[" else self._row(start)

    def _row(self, start: int) -> Reading:
        return self._members(start, self._value) if self._character(start) == "{" else self._value(start)

    def _members(self, start: int, read: Callable[[int], Reading]) -> tuple[Members, int]:
        pairs: list[tuple[str, Node]] = []

        def pair(position: int) -> int:
            key, position = self._key(position)
            node, position = read(position)
            pairs.append((key, node))
            return position

        end = self._sequence(start, "}", pair)
        return Members(self._line(start), pairs), end

    def _items(self, start: int) -> Reading:
        items: list[Node] = []

        def item(position: int) -> int:
            node, position = self._row(position)
            items.append(node)
            return position

        end = self._sequence(start, "]", item)
        return Items(self._line(start), items), end

    def _sequence(self, start: int, closing: str, read: Callable[[int], int]) -> int:
        """Read what stands between the bracket at `start` and `closing`; returns the position behind that."""
        position = self._skip_blanks(start + 1)
        if self._character(position) == closing:
            return position + 1
        while True:
            position = self._skip_blanks(read(position))
            if self._character(position) == closing:
                return position + 1
            position = self._skip_blanks(self._expect(",", position, instead=closing))

    def _key(self, start: int) -> tuple[str, int]:
        if self._character(start) != '"':
            raise json.JSONDecodeError("Expecting a key in double quotes", self.text, start)
        key, _, end = read_value_at(self.text, start)
        return key, self._skip_blanks(self._expect(":", self._skip_blanks(end)))

    def _value(self, start: int) -> Reading:
        content, faults, end = read_value_at(self.text, start)
        complaints = tuple(fault.told(known_steps=0) for fault in faults)
        return Value(self._line(start), content, complaints), end

    def _skip_blanks(self, position: int) -> int:
        blank = BLANK.match(self.text, position)
        return blank.end() if blank else position

    def _character(self, position: int) -> str:
        """The character at `position`, an empty text at the end."""
        return self.text[position : position + 1]

    def _expect(self, wanted: str, position: int, *, instead: str = "") -> int:
        """The position behind `wanted`; `instead` is what could have stood there as well."""
        if self._character(position) != wanted:
            expected = " or ".join(filter(None, (wanted, instead)))
            raise json.JSONDecodeError(f"Expecting {expected}", self.text, position)
        return position + 1

    def _line(self, position: int) -> int:
        return bisect_left(self.line_ends, position) + 1
