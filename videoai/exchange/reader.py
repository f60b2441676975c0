"""From the bytes of a file to rows that know their line; whether a row fits the catalogue is not asked here.

Two shapes are read: our own format (docs/pricing.md: "The catalogue as a file"), and the older price list
`{"google/veo-3": {"costPerSecond": 0.75}}`, which only re-prices models that exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from models_registry.choices import MODEL_ID_LENGTH
from models_registry.strict_json import repeated
from models_registry.values import is_whole, shown
from videoai.exchange.located_json import DocumentError, Items, Members, Node, Value, parse

FORMAT = "videoai-models"
VERSION = 1
ENVELOPE = ("format", "version", "models")
LEGACY_PRICE = "costPerSecond"


@dataclass(frozen=True)
class Problem:
    """What is wrong with one row: `line` is where the row begins."""

    line: int
    model_id: str | None
    field: str | None
    reason: str
    code: str = ""  # of the catalogue's error, if it was one


@dataclass(frozen=True)
class Row:
    """One model of a file. `values` are as the file has them, decimals as `Decimal`."""

    line: int
    values: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()
    is_price_update: bool = False
    field_names: Mapping[str, str] = field(default_factory=dict)  # ours → what the file calls it

    @property
    def model_id(self) -> str | None:
        """The id without the blanks around it, which are not stored either; None if there is none."""
        model_id = self.values.get("model_id")
        return model_id.strip() or None if isinstance(model_id, str) else None

    def called(self, name: str) -> str:
        """What the file calls the field `name`."""
        return self.field_names.get(name, name)

    def problem(self, name: str | None, reason: str, *, code: str = "") -> Problem:
        model_id = self.model_id
        return Problem(
            self.line,
            model_id[:MODEL_ID_LENGTH] if model_id else None,
            None if name is None else self.called(name),
            reason,
            code,
        )


def read(content: bytes) -> list[Row]:
    """The rows of a file in either shape. Raises DocumentError if there is no telling them."""
    document = parse(content)
    keys = {key for key, _ in document.pairs}
    if "format" in keys:
        return _read_ours(document)
    if keys & set(ENVELOPE) or not keys:
        raise DocumentError(f'line {document.line}: the key "format" is missing; it has to be "{FORMAT}".')
    return _read_legacy(document)


# --- Our own format --------------------------------------------------------------------------------------


def _read_ours(document: Members) -> list[Row]:
    _refuse_wrong_keys(document)
    parts = dict(document.pairs)
    found = _content(parts["format"])
    if found != FORMAT:
        raise DocumentError(f'line {parts["format"].line}: the format is {shown(found)}, not "{FORMAT}".')
    version = _content(parts["version"])
    if not is_whole(version) or version != VERSION:
        raise DocumentError(
            f"line {parts['version'].line}: version {shown(version)} is unknown; only {VERSION} is known."
        )
    models = parts["models"]
    if not isinstance(models, Items):
        raise DocumentError(f'line {models.line}: "models" has to be a list of objects.')
    return [_row(node) for node in models.items]


def _refuse_wrong_keys(document: Members) -> None:
    """Exactly the keys of the envelope, each once."""
    keys = [key for key, _ in document.pairs]
    for key, node in document.pairs:
        if key not in ENVELOPE:
            raise DocumentError(f"line {node.line}: the key {shown(key)} is unknown; leave it out.")
    for key in repeated(keys):
        raise DocumentError(f'The key "{key}" stands twice.')
    for key in ENVELOPE:
        if key not in keys:
            raise DocumentError(f'line {document.line}: the key "{key}" is missing.')


def _row(node: Node) -> Row:
    if not isinstance(node, Members):
        return _no_row(node)
    values = {key: _content(value) for key, value in node.pairs}
    named = Row(node.line, values)
    problems = [
        named.problem(key, complaint)
        for key, value in node.pairs
        if isinstance(value, Value)
        for complaint in value.complaints
    ]
    problems += [named.problem(key, "The field stands twice.") for key in repeated(k for k, _ in node.pairs)]
    return Row(node.line, values, tuple(problems))


def _no_row(node: Node) -> Row:
    content = _content(node)
    return Row(node.line, {}, (Problem(node.line, None, None, f"{shown(content)} is no model: {{…}}."),))


def _content(node: Node) -> Any:
    """What an error message quotes of `node`; the walked levels are too large for that."""
    if isinstance(node, Value):
        return node.content
    return [] if isinstance(node, Items) else {}


# --- The older price list --------------------------------------------------------------------------------


def _read_legacy(document: Members) -> list[Row]:
    return [_price_row(model_id, node) for model_id, node in document.pairs]


def _price_row(model_id: str, node: Node) -> Row:
    fields = {"cost_per_second": LEGACY_PRICE}
    row = Row(node.line, {"model_id": model_id}, is_price_update=True, field_names=fields)
    if not isinstance(node, Members):
        return replace(
            row, problems=(row.problem(None, f'A price is an object: {{"{LEGACY_PRICE}": 0.75}}.'),)
        )
    problems = [
        row.problem(key, f"A price list holds {LEGACY_PRICE} only; leave this out.")
        for key, _ in node.pairs
        if key != LEGACY_PRICE
    ]
    prices = [value for key, value in node.pairs if key == LEGACY_PRICE]
    if len(prices) != 1:
        return replace(row, problems=(*problems, row.problem(LEGACY_PRICE, "It has to stand here once.")))
    price = prices[0]
    complaints = price.complaints if isinstance(price, Value) else ()
    problems += [row.problem(LEGACY_PRICE, complaint) for complaint in complaints]
    values = {**row.values, "cost_per_second": _content(price)}
    return replace(row, values=values, problems=tuple(problems))
