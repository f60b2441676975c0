"""What backends send: real-looking generations, as they go over the wire and into `record_many`."""

import json
import uuid
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.utils import timezone

from models_registry.models import AIModel
from models_registry.usage import synthesis
from models_registry.usage.periods import Grain
from models_registry.usage.reports import Report, as_told

BATCH = 1_000
MOST = 1_000_000  # more than any benchmark sends; a day's worth, so that a batch spans minutes

Item = dict[str, Any]


def items(*, seed: int) -> Iterator[Item]:
    """Of all models, in the order they finished. Ids are random, as those of backends are."""
    names = dict(AIModel.objects.values_list("pk", "model_id"))
    until = Grain.HOUR.start_of(timezone.now())
    plan = synthesis.Plan(seed=seed, generations=MOST, days=1, until=until)
    random = plan.random("ids")
    for report in synthesis.generations(plan):
        yield _sent(report, str(uuid.UUID(int=random.getrandbits(128), version=4)), names[report.model])


def batches(count: int, *, seed: int) -> list[list[Item]]:
    endless = items(seed=seed)
    return [list(islice(endless, BATCH)) for _ in range(count)]


def body(batch: list[Item]) -> bytes:
    return json.dumps({"generations": batch}).encode()


def _sent(report: Report, generation_id: str, model_id: str) -> Item:
    told = as_told(report._replace(generation_id=generation_id), model_id=model_id)
    told["finished_at"] = report.finished_at.isoformat()
    return {name: value for name, value in told.items() if value is not None}
