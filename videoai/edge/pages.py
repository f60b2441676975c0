"""Lists taken apart into their models, so that one changed model costs one part and not the whole."""

import json
from collections.abc import Iterable
from typing import Any

from rest_framework.renderers import JSONRenderer

from videoai.edge.addresses import Kind

_renderer = JSONRenderer()


def parts(kind: Kind, body: bytes) -> dict[str, bytes]:
    """The models in the body of a list, as each is served alone: model id → JSON.

    Empty if the body can't be put together again from them, byte for byte.
    """
    page: dict[str, Any] = json.loads(body)
    models = [page] if kind is Kind.DEFAULT else page["results"]
    found = {model["model_id"]: _renderer.render(model) for model in models}
    return found if replaced(kind, body, found.values()) == body else {}


def replaced(kind: Kind, body: bytes, models: Iterable[bytes]) -> bytes:
    """The body of a list with other contents for the same models."""
    joined = b",".join(models)
    if kind is Kind.DEFAULT:
        return joined
    head, separator, _ = body.partition(b'"results":[')
    return head + separator + joined + b"]}"
