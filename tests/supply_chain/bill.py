"""The bill of materials as it is handed on."""

import json
from typing import Any


def handed_on(bill: dict[str, Any]) -> str:
    """Without links: where packages lie, and who wants to be thanked, is told elsewhere and changes."""
    return json.dumps(_without(bill, "externalReferences"), indent=2, sort_keys=True) + "\n"


def _without(part: Any, left_out: str) -> Any:
    if isinstance(part, list):
        return [_without(item, left_out) for item in part]
    if isinstance(part, dict):
        return {key: _without(value, left_out) for key, value in part.items() if key != left_out}
    return part
