"""Every writing service waits while another writer of the catalogue is under way."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from models_registry import services
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from pricing import services as pricing
from pricing.models import Rate
from tests.factories import AIModelFactory, QualityTierFactory, rate, standard_policy
from videoai.exchange.importing import import_rows
from videoai.exchange.seed import seed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WRITERS: dict[str, Callable[[], Any]] = {
    "create": lambda: AIModelFactory(model_id="a/new"),
    "revise": lambda: services.revise(AIModel.objects.get(model_id="a/other"), {"name": "New"}),
    "retire": lambda: services.retire(AIModel.objects.get(model_id="a/other")),
    "restore": lambda: services.restore(AIModel.objects.get(model_id="a/retired")),
    "make_default": lambda: services.make_default(AIModel.objects.get(model_id="a/other")),
    "delete_tier": lambda: services.delete_tier(QualityTier.objects.get(key="8k")),
    "set_rate": lambda: rate(AIModel.objects.get(model_id="a/other"), "high", "0.5"),
    "remove_rate": lambda: pricing.remove_rate(Rate.objects.get()),
    "set_policy": lambda: pricing.set_policy({"max_credits_per_generation": 10}),
    "save": lambda: QualityTier(key="16k", label="16K", cost_multiplier=3).save(),
    "delete": lambda: QualityTier.objects.get(key="8k").delete(),
    "seed": seed,
    "import_rows": lambda: import_rows([]),
}


@pytest.fixture
def catalogue() -> None:
    standard_policy()
    rate(AIModelFactory(model_id="a/first"), "ultra", "0.2")
    AIModelFactory(model_id="a/other")
    services.retire(AIModelFactory(model_id="a/retired"))
    QualityTierFactory(key="8k")


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_it_waits(writer):
    done = threading.Event()

    def write() -> None:
        try:
            writer()
        finally:
            done.set()
            connection.close()

    thread = threading.Thread(target=write)
    with transaction.atomic():
        CatalogueRevision.objects.lock()
        thread.start()
        waited = not done.wait(0.3)
    thread.join(10)

    assert waited
    assert done.is_set()
