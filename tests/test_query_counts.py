"""Every read takes a known number of queries, the same for ten models and for a thousand."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.models import AIModel
from tests.factories import AIModelFactory, rate, standard_policy

pytestmark = pytest.mark.django_db

READS = {
    "models/": 2,
    "models/?tag=fast&quality=high&duration=5&search=a&max_cost_per_second=1&page_size=200": 2,
    "models/default/": 1,
    "models/premium/": 2,
    "models/a/first/": 1,
    "models/a/first/validate/?duration=5&quality=high": 1,
    "pricing/quote/?model_id=a/first&quality=high&duration=5": 4,
    "pricing/matrix/": 4,
    "pricing/compare/?quality=high&duration=5": 4,
}


def stock(number: int) -> None:
    prototype = services.state(AIModelFactory(model_id="a/first", is_premium=True, tags=["fast"]))
    AIModel.objects.bulk_create(
        AIModel(**{**prototype, "model_id": f"b/{n}", "is_default": False}) for n in range(number - 1)
    )
    standard_policy()
    rate(AIModel.objects.get(model_id="a/first"), "ultra", "0.3")


@pytest.mark.parametrize("number", [10, 1_000])
def test_reads_take_their_number_of_queries(get, number):
    stock(number)
    counts = {}

    for address in READS:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert get(address).status_code == 200
        counts[address] = len(queries)

    assert counts == READS
    assert max(counts.values()) <= 4
