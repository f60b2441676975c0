"""What the writers of a storm send: known beforehand, so that afterwards each of them can be looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

Item = dict[str, Any]  # as a batch takes it
Request = list[Item]  # one item: sent alone; several: sent as a batch

REPLAYS = 0.2  # the share of recordings that were sent before, or are sent by another at the same moment
SINGLE = 0.8  # the share of requests that hold one recording
LARGEST = 60  # recordings of a batch
UNSAID = 0.2  # the share that does not say when it finished
CODES = ("provider_timeout", "content_policy", None)


@dataclass(frozen=True)
class Plan:
    """Of each writer, its requests."""

    items: dict[str, Item]  # by id, each once
    writers: Sequence[Sequence[Request]]

    @property
    def recordings(self) -> int:
        return sum(len(request) for writer in self.writers for request in writer)


def plan(recordings: int, *, writers: int, model_ids: Sequence[str], until: datetime, seed: int) -> Plan:
    """In three days before `until`, so that hours, days and perhaps months have their share."""
    random = Random(seed)
    number = round(recordings * (1 - REPLAYS))
    items = [_item(f"storm-{n}", random, model_ids, until) for n in range(number)]
    sent = [*items, *random.choices(items, k=recordings - number)]
    random.shuffle(sent)
    shares = [_requests(sent[first::writers], random) for first in range(writers)]
    return Plan({item["generation_id"]: item for item in items}, shares)


def _item(generation_id: str, random: Random, model_ids: Sequence[str], until: datetime) -> Item:
    success = random.random() < 0.9
    item: Item = {
        "model_id": random.choice(model_ids),
        "generation_id": generation_id,
        "generation_time": round(random.lognormvariate(4, 0.5), 6),
        "success": success,
        "duration": random.choice((5, 9, None)),
        "quality": random.choice(("standard", "high", None)),
        "queue_time": random.choice((round(random.expovariate(0.2), 3), None)),
        "error_code": None if success else random.choice(CODES),
        "cost_usd": random.choice((f"{random.randrange(1, 9_999)}e-4", None)) if success else None,
        "credits": random.choice((random.randrange(500), None)),
    }
    if random.random() >= UNSAID:
        item["finished_at"] = (until - timedelta(seconds=random.randrange(3 * 86_400))).isoformat()
    return item


def _requests(items: Sequence[Item], random: Random) -> list[Request]:
    requests, start = [], 0
    while start < len(items):
        size = 1 if random.random() < SINGLE else random.randint(2, LARGEST)
        requests.append(list(items[start : start + size]))
        start += size
    return requests
