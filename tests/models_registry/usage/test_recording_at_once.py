"""Backends that record at the same moment, each over a connection of its own."""

from collections import Counter
from random import Random

import pytest
from django.test import Client

from models_registry.usage.models import Generation, GenerationKey, UsageRollup
from models_registry.usage.recording import record_many
from tests.exchange.threads import at_once
from tests.factories import AIModelFactory, bearer, service_token
from tests.models_registry.usage.generations import HOUR, NOW, counted, generation, periods

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_of_sixteen_who_record_the_same_generation_one_is_first():
    AIModelFactory(model_id="a/b")
    headers = bearer(service_token("usage:write").text)
    body = {"generation_id": "g-1", "generation_time": 1.5, "success": False, "error_code": "timeout"}

    def post() -> tuple[int, bytes]:
        response = Client().post(
            "/api/v1/models/a/b/generations/", body, content_type="application/json", headers=headers
        )
        return response.status_code, response.content

    answers = at_once(post, threads=16)

    assert Counter(status for status, _ in answers) == {201: 1, 200: 15}
    assert len({content for _, content in answers}) == 1
    assert counted() == {"a/b": (1, 0, 1_500_000)}
    assert set(periods().values()) == {1}


def test_of_those_who_use_one_id_for_different_things_one_gets_it():
    AIModelFactory(model_id="a/b")
    headers = bearer(service_token("usage:write").text)
    times = list(range(8))

    def post() -> int:
        body = {"generation_id": "g-1", "generation_time": times.pop(), "success": True}
        return (
            Client()
            .post("/api/v1/models/a/b/generations/", body, content_type="application/json", headers=headers)
            .status_code
        )

    assert Counter(at_once(post, threads=8)) == {201: 1, 409: 7}
    assert counted()["a/b"][:2] == (1, 1)


def test_batches_that_overlap_in_other_orders_never_wait_in_a_circle():
    """Each of eight sends all that the others send, in an order of its own."""
    for n in range(3):
        AIModelFactory(model_id=f"a/{n}")
    items = [
        {"model_id": f"a/{n % 3}", **generation(f"g-{n}", generation_time=n, finished_at=NOW - n % 7 * HOUR)}
        for n in range(900)
    ]
    orders = [Random(seed).sample(items, len(items)) for seed in range(6)] + [items, items[::-1]]

    found = at_once(lambda: record_many(orders.pop(), now=NOW), threads=8)

    assert all(not batch.rejected for batch in found)
    assert sum(batch.recorded for batch in found) == len(items)
    assert sum(batch.duplicates for batch in found) == 7 * len(items)
    assert Generation.objects.count() == GenerationKey.objects.count() == len(items)
    assert {model: numbers[0] for model, numbers in counted().items()} == {f"a/{n}": 300 for n in range(3)}
    assert sum(numbers[2] for numbers in counted().values()) == sum(range(900)) * 1_000_000
    assert sum(rollup.generations for rollup in UsageRollup.objects.filter(grain="hour")) == len(items)
