"""Every read takes a known number of queries, the same for ten models and for a thousand."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.models import AIModel
from models_registry.usage.recording import record_many
from tests.factories import AIModelFactory, bearer, rate, service_token, standard_policy, untraced

pytestmark = pytest.mark.django_db

# What is read of models asks first whether something is due; a price book's first query tells it along.
DUE = 1
READS = {
    "models/": 2 + DUE,
    "models/?tag=fast&quality=high&duration=5&search=a&max_cost_per_second=1&page_size=200": 2 + DUE,
    "models/default/": 1 + DUE,
    "models/premium/": 2 + DUE,
    "models/deprecations/": 3 + DUE,
    "models/a/first/": 1 + DUE,
    "models/a/first/validate/?duration=5&quality=high": 1 + DUE,
    "models/stats/?page_size=200": 2 + DUE,
    "models/stats/?page_size=200&from=2026-01-01": 3 + DUE,
    "models/a/first/stats/": 1 + DUE,
    "models/a/first/stats/?to=2030-01-01": 2 + DUE,
    "pricing/quote/?model_id=a/first&quality=high&duration=5": 4,
    "pricing/matrix/": 4,
    "pricing/compare/?quality=high&duration=5": 4,
}
PAGES = {*(address for address in READS if "page_size" in address), "models/", "models/premium/"}


def stock(number: int) -> None:
    prototype = services.state(AIModelFactory(model_id="a/first", is_premium=True, tags=["fast"]))
    untraced(AIModel).bulk_create(
        AIModel(**{**prototype, "model_id": f"b/{n}", "is_default": False}) for n in range(number - 1)
    )
    standard_policy()
    rate(AIModel.objects.get(model_id="a/first"), "ultra", "0.3")


# A page that is not full says by itself how many there are: nothing is counted.
SHORT_READS = {address: count - (address in PAGES) for address, count in READS.items()}


# For staff: the session, the user and, where rights count, their two kinds of permissions.
SIGNED_IN_READS = {
    "models/": 1 + 2 + DUE,
    "models/?status=active": 1 + 4 + DUE,
    "models/a/first/": 1 + 4 + DUE,
    "pricing/quote/?model_id=a/first&quality=high&duration=5": 4 + 2,
    "pricing/policy/": 2 + 4,
}


def test_being_signed_in_costs_little(get, client, viewer):
    stock(10)
    client.force_login(viewer)
    counts = {}

    for address in SIGNED_IN_READS:
        with CaptureQueriesContext(connection) as queries:
            assert get(address).status_code == 200
        counts[address] = len(queries)

    assert counts == SIGNED_IN_READS


# With a token that was used a moment ago, one more than without: the token.
TOKEN_READS = {
    "models/": 1 + 1 + DUE,
    "models/?status=active": 1 + 1 + DUE,
    "models/a/first/": 1 + 1 + DUE,
    "pricing/quote/?model_id=a/first&quality=high&duration=5": 4 + 1,
    "pricing/policy/": 2 + 1,
}


def test_a_token_costs_one_query(client):
    stock(10)
    headers = bearer(service_token().text)
    client.get("/api/v1/models/", headers=headers)
    counts = {}

    for address in TOKEN_READS:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/api/v1/{address}", headers=headers).status_code == 200
        counts[address] = len(queries)

    assert counts == TOKEN_READS


@pytest.mark.parametrize(("number", "expected"), [(10, SHORT_READS), (1_000, READS)])
def test_reads_take_their_number_of_queries(get, number, expected):
    stock(number)
    counts = {}

    for address in READS:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert get(address).status_code == 200
        counts[address] = len(queries)

    assert counts == expected
    assert max(counts.values()) <= 4


# The token, the model and where it is named the quality; then one transaction of five statements: the ids
# and what was agreed on for them, which PostgreSQL gets at once, the generations, the counters, the rollups.
# A replay claims its id in vain and reads what stands there; on PostgreSQL its commit waits for the replicas,
# too.
REPLAY = 4 if connection.vendor == "postgresql" else 3
RECORDINGS = {
    "one": 2 + 2 + 5,
    "one that says all": 3 + 2 + 5,
    "one that failed": 2 + 2 + 6,
    "the same again": 2 + 2 + REPLAY,
    "ten": 3 + 2 + 6,
    "a thousand": 3 + 2 + 6,
    "a thousand again": 3 + 2 + REPLAY,
}


def test_recordings_take_their_number_of_queries(client):
    stock(10)
    headers = bearer(service_token("usage:write").text)
    models = list(AIModel.objects.values_list("model_id", flat=True))
    one = {"generation_id": "g-1", "generation_time": 1.5, "success": True}
    failed = {**one, "generation_id": "g-2", "success": False, "error_code": "timeout"}
    full = {**one, "generation_id": "g-3", "quality": "high", "duration": 5, "cost_usd": "0.4", "credits": 20}
    items = [
        {**(failed if n % 9 else full), "generation_id": f"b-{n}", "model_id": models[n % 10]}
        for n in range(1_010)
    ]
    bodies = {
        "one": ("models/a/first/generations/", one),
        "one that failed": ("models/a/first/generations/", failed),
        "one that says all": ("models/a/first/generations/", full),
        "the same again": ("models/a/first/generations/", one),
        "ten": ("generations/batch/", {"generations": items[:10]}),
        "a thousand": ("generations/batch/", {"generations": items[10:]}),
        "a thousand again": ("generations/batch/", {"generations": items[10:]}),
    }
    client.get("/api/v1/models/", headers=headers)
    counts = {}

    for name, (address, body) in bodies.items():
        with CaptureQueriesContext(connection) as queries:
            response = client.post(
                f"/api/v1/{address}", body, content_type="application/json", headers=headers
            )
        assert response.status_code in {200, 201}
        counts[name] = len(queries)

    assert counts == RECORDINGS


# The token, error codes, sums; over time also which rows the page has and, if it is full, how many there are.
SUMMARIES = {
    "usage/summary/": 3,
    "usage/summary/?by=model": 3,
    "usage/summary/?by=model&per=hour&page_size=200": 5,
    "usage/summary/?by=provider&per=day&model_id=a/first&quality=high&duration=5": 4,
}
SHORT_SUMMARIES = {**SUMMARIES, "usage/summary/?by=model&per=hour&page_size=200": 4}


@pytest.mark.parametrize(("number", "expected"), [(10, SHORT_SUMMARIES), (300, SUMMARIES)])
def test_summaries_take_their_number_of_queries(client, number, expected):
    stock(number)
    headers = bearer(service_token("usage:read").text)
    said = {"generation_time": 1, "success": True, "quality": "high", "duration": 5}
    models = AIModel.objects.values_list("model_id", flat=True)
    assert record_many([{"model_id": one, "generation_id": one, **said} for one in models]).recorded == number
    client.get("/api/v1/usage/summary/", headers=headers)
    counts = {}

    for address in SUMMARIES:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/api/v1/{address}", headers=headers).json()["count"] > 0
        counts[address] = len(queries)

    assert counts == expected
