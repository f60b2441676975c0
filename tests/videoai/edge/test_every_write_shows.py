"""Whatever is written, and in whatever way: every answer of the edge is Django's, at once."""

import os
from random import Random

import pytest

from tests.factories import standard_policy, standard_tiers
from tests.videoai.edge.twin import TwinClient
from tests.videoai.edge.writing import IDS, write

pytestmark = pytest.mark.django_db

# Short in every run. Longer: EDGE_STEPS=5000.
STEPS = int(os.environ.get("EDGE_STEPS") or 30)
READS_A_STEP = 8
# For a while the same addresses are read, or hardly any would be ready when something changes.
SET, STEPS_A_SET = 16, 15
FILTERS = (
    *("provider=Acme", "provider=%C3%9Cn%C3%AFcode", "category=budget", "tag=fast", "tag=fast&tag=new"),
    *("quality=high", "duration=5", "duration=8&quality=standard", "is_premium=true", "is_premium=false"),
    *("max_cost_per_second=0.18", "search=FAST", "search=a/", "search=results", "tag=new&is_premium=true"),
)
ORDERINGS = ("name", "-name", "cost_per_second", "-created_at", "provider,-cost_per_second")
ADDRESSES = [
    *("models/", "models/premium/", "models/default/", "pricing/matrix/"),
    *("models/?page_size=2", "models/?page=2&page_size=2", "models/?page=3&page_size=2"),
    *(f"models/?{text}" for text in FILTERS),
    *(f"models/?ordering={text}" for text in ORDERINGS),
    *(
        "models/?ordering=-provider&page_size=3&tag=fast",
        "models/premium/?tag=fast",
        "models/premium/?ordering=-name",
    ),
    *(f"models/{model_id}/" for model_id in IDS),
    *(f"models/{model_id}/validate/?duration=5&quality=high" for model_id in IDS),
    *(f"pricing/quote/?model_id={model_id}&duration=5&quality=standard" for model_id in IDS),
    *("pricing/quote/?model_id=a/one&duration=8&quality=high", "pricing/matrix/?provider=Acme"),
    *("pricing/matrix/?category=premium", "pricing/matrix/?provider=Bolt&category=budget"),
    *("pricing/compare/?quality=high&duration=5", "pricing/compare/?quality=standard&duration=8"),
]


@pytest.mark.parametrize("cache_bytes", [1_000_000, 20_000, 0])
def test_after_every_write_both_tell_the_same(cache_bytes):
    random = Random(f"{os.environ.get('EDGE_SEED', '')}{cache_bytes}")
    client = TwinClient(cache_bytes=cache_bytes, ways=0)
    standard_tiers()
    standard_policy()
    written = []
    for step in range(STEPS):
        if step % STEPS_A_SET == 0:
            liked = random.sample(ADDRESSES, SET)
        written += [write(random) for _ in range(random.choice([0, 1, 1, 1, 2, 5]))]
        for address in random.sample(liked, READS_A_STEP):
            packing = random.choice([{}, {}, {"accept-encoding": "gzip"}])
            try:
                client.get(f"/api/v1/{address}", headers=packing)
            except AssertionError as error:
                raise AssertionError(f"after {', '.join(written[-12:])}: {address}") from error
