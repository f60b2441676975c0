"""Models that somebody ticked, as they saw them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import BadRequest

from models_registry.models import AIModel
from models_registry.values import shown

MOST = 1_000
KEY_AND_VERSION = re.compile(r"(\d{1,18}):(\d{1,10})", re.ASCII)


@dataclass(frozen=True)
class Chosen:
    """`models` as they are stored, and of each, by its key, the version that was `seen`."""

    models: list[AIModel]
    seen: Mapping[int, int]

    @property
    def text(self) -> str:
        """What a page carries along, with the versions that it shows."""
        return ",".join(f"{model.pk}:{model.version_number}" for model in self.models)

    @property
    def keys(self) -> list[int]:
        return [model.pk for model in self.models]

    @property
    def stale(self) -> list[AIModel]:
        """Those that somebody changed since they were seen."""
        return [model for model in self.models if self.seen[model.pk] != model.version_number]

    @property
    def gone(self) -> int:
        """How many were seen and are there no more."""
        return len(self.seen) - len(self.models)


def choose(models: Iterable[AIModel]) -> Chosen:
    """`models` as they were just read."""
    found = list(models)
    return Chosen(found, {model.pk: model.version_number for model in found})


def read_chosen(text: str) -> Chosen:
    """What `Chosen.text` wrote, less models that are gone. Raises BadRequest for what it never writes."""
    parts = text.split(",", MOST)
    pairs = [KEY_AND_VERSION.fullmatch(part) for part in parts]
    if len(parts) > MOST or not all(pairs):
        raise BadRequest(f"{shown(text)} names no models")
    seen = {int(pair[1]): int(pair[2]) for pair in pairs if pair}
    stored = AIModel.objects.in_bulk(list(seen))
    return Chosen([stored[key] for key in seen if key in stored], seen)
