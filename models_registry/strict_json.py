"""Strict JSON, as the API, imports and the admin's forms read it.

Only broken syntax ends a reading. Any other fault stands where the bad value stood until a walk collects it
together with its path, so that all the faults of a document can be told at once.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from models_registry.choices import JSON_DEPTH
from models_registry.values import shown

Path = tuple[str | int, ...]

MOST_DIGITS = sys.int_info.default_max_str_digits
# A small body can hold a hundred thousand faults; nobody reads more than a few.
MOST_FAULTS = 50
SURROGATE = re.compile("[\ud800-\udfff]")
WRITTEN_SURROGATE = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
BRACKET_OR_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
STEP = re.compile(r'"(?:[^"\\]|\\.)*(?P<end>"?)|[\[\]{},]')
TOO_DEEP = f"JSON may be nested at most {JSON_DEPTH} deep."


@dataclass(frozen=True)
class Fault:
    """What is wrong with the value to which `path` leads: keys of objects and indexes of lists."""

    path: Path
    code: str
    message: str

    def told(self, *, known_steps: int) -> str:
        """The message; with its path, if that goes on below the steps that the reader is told anyway."""
        return f"{path_text(self.path)}: {self.message}" if len(self.path) > known_steps else self.message


@dataclass(frozen=True)
class Unreadable:
    """Stands in a document where a value stood that is no good."""

    code: str
    message: str


NOT_PLAIN = (dict, list, Unreadable)


def read_document(text: str) -> tuple[Any, list[Fault]]:
    """An object whose fields may each be nested as deep as JSON may be; and its faults, the first of many.

    Raises JSONDecodeError for what is no JSON at all.
    """
    try:
        content = DECODER.decode(text)
    except RecursionError:
        path = _deepest_field(text)
        return ({} if path else None), [Fault(path, "too_deep", TOO_DEEP)]
    return content, _faults_of(content, text, deepest=JSON_DEPTH + 1)


def read_value(text: str) -> tuple[Any, list[Fault]]:
    """One value and its faults. Raises JSONDecodeError for what is no JSON at all."""
    try:
        content = DECODER.decode(text)
    except RecursionError:
        return None, [Fault((), "too_deep", TOO_DEEP)]
    return content, _faults_of(content, text, deepest=JSON_DEPTH)


def read_value_at(text: str, start: int) -> tuple[Any, list[Fault], int]:
    """The value that begins at `start`, its faults and the position behind it. Raises JSONDecodeError."""
    try:
        content, end = DECODER.raw_decode(text, start)
    except RecursionError as error:
        raise json.JSONDecodeError("JSON nested far too deep", text, start) from error
    return content, _first(_faults(content, deepest=JSON_DEPTH)), end


def path_text(path: Path) -> str:
    """As in `model_parameters.a[0]`."""
    return "".join(step_text(step) for step in path).removeprefix(".")


def json_path(path: Path) -> str:
    """As in `$.audio.tracks[2]`, the whole being `$`."""
    shortened = "…" if len(path) > JSON_DEPTH else ""
    return f"${''.join(step_text(step) for step in path[:JSON_DEPTH])}{shortened}"


def step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if PLAIN_KEY.fullmatch(step) else f".{shown(step)}"


def path_at(text: str, position: int) -> Path:
    """To what the decoder was reading in `text` when it gave up at `position`; all before it was JSON."""
    steps: list[str | int | None] = []  # of each open object the key, None before it; of each list the index
    for match in STEP.finditer(text, 0, position):
        found = match[0]
        last = steps[-1] if steps else ""
        if found in "[{":
            steps.append(0 if found == "[" else None)
        elif found in "]}":
            steps.pop()
        elif found == ",":
            steps[-1] = last + 1 if isinstance(last, int) else None
        elif last is None and match["end"]:
            steps[-1] = json.loads(found)
    return tuple(step for step in steps if step is not None)


def repeated(keys: Iterable[str]) -> list[str]:
    """Those of `keys` that stand there more than once, each of them once."""
    seen: set[str] = set()
    found: dict[str, None] = {}
    for key in keys:
        if key in seen:
            found[key] = None
        seen.add(key)
    return list(found)


# --- What the decoder calls ------------------------------------------------------------------------------


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        for key in repeated(key for key, _ in pairs):
            found[key] = Unreadable("repeated", "This key stands twice.")
    return found


def _decimal(digits: str) -> Decimal | Unreadable:
    if len(digits) > MOST_DIGITS:
        return _too_long(digits)
    try:
        return Decimal(digits)
    except InvalidOperation:
        return Unreadable("invalid", f"{shown(digits)} is out of every range.")


def _whole_number(digits: str) -> int | Unreadable:
    return _too_long(digits) if len(digits) > MOST_DIGITS else int(digits)


def _too_long(digits: str) -> Unreadable:
    return Unreadable("invalid", f"A number of {len(digits):,} digits is too long.")


def _constant(name: str) -> Unreadable:
    return Unreadable("invalid", f"{name} is no JSON number.")


DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_decimal, parse_int=_whole_number, parse_constant=_constant
)


# --- Collecting the faults -------------------------------------------------------------------------------


def _faults_of(content: Any, text: str, *, deepest: int) -> list[Fault]:
    """The first of many. Most documents have none, which shows much faster than each value can be visited."""
    if not WRITTEN_SURROGATE.search(text) and _is_sound(content, deepest=deepest):
        return []
    return _first(_faults(content, deepest=deepest))


def _is_sound(content: Any, *, deepest: int) -> bool:
    """Could everything be read, and is nothing nested nearly as deep as `deepest`?"""
    level = [content]
    for _ in range(deepest - 1):
        inside = [inner for outer in level for inner in _values(outer) if isinstance(inner, NOT_PLAIN)]
        if not inside:
            return not isinstance(content, Unreadable)
        if any(isinstance(inner, Unreadable) for inner in inside):
            return False
        level = inside
    return False


def _values(outer: Any) -> Iterable[Any]:
    if isinstance(outer, dict):
        return outer.values()
    return outer if isinstance(outer, list) else ()


def _first(faults: Iterator[Fault]) -> list[Fault]:
    return list(islice(faults, MOST_FAULTS))


def _faults(document: Any, *, deepest: int) -> Iterator[Fault]:
    """The faults in the order of the document; no recursion, so that no depth breaks it."""
    waiting: list[tuple[Path, Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Unreadable):
            yield Fault(path, value.code, value.message)
        elif len(path) >= deepest:
            yield Fault(path, "too_deep", TOO_DEEP)
        elif isinstance(value, str) and SURROGATE.search(value):
            yield Fault(path, "invalid_text", "The text holds half a surrogate pair; take it out.")
        elif isinstance(value, (dict, list)):
            yield from _bad_keys(path, value)
            waiting += reversed([((*path, step), inner) for step, inner in _inside(value)])


def _bad_keys(path: Path, value: dict[str, Any] | list[Any]) -> Iterator[Fault]:
    for key in value if isinstance(value, dict) else ():
        if SURROGATE.search(key):
            yield Fault((*path, key), "invalid_text", "The key holds half a surrogate pair; take it out.")


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str | int, Any]]:
    return value.items() if isinstance(value, dict) else enumerate(value)


def _deepest_field(text: str) -> Path:
    """Below which field of the object in `text` the decoder gave up; it was well formed up to there."""
    depth, field = 0, ""
    for match in BRACKET_OR_TEXT.finditer(text):
        found = match[0]
        if found in "]}":
            depth -= 1
        elif found in "[{":
            depth += 1
            if depth > JSON_DEPTH:
                break
        elif depth == 1:
            field = json.loads(found)
    return (field,) if text.lstrip().startswith("{") else ()
