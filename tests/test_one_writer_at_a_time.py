"""Every writing service waits while another writer of the catalogue is under way."""

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from models_registry import services
from models_registry.many import Revision, restore_all, retire_all, revise_all
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from pricing import services as pricing
from pricing.many import NewPrices, change_prices
from pricing.models import Rate
from tests.factories import AIModelFactory, QualityTierFactory, rate, standard_policy
from videoai.exchange.importing import import_rows
from videoai.exchange.seed import seed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WRITERS: dict[str, Callable[[], Any]] = {
    "create": lambda: AIModelFactory(model_id="a/new"),
    "revise": lambda: services.revise(model("revised"), {"name": "New"}),
    "retire": lambda: services.retire(model("retired")),
    "restore": lambda: services.restore(model("restored")),
    "make_default": lambda: services.make_default(model("made-default")),
    "delete_tier": lambda: services.delete_tier(QualityTier.objects.get(key="8k")),
    "set_rate": lambda: rate(model("rated"), "high", "0.5"),
    "remove_rate": lambda: pricing.remove_rate(Rate.objects.get(model=model("first"))),
    "revise_tier": lambda: services.revise_tier(QualityTier.objects.get(key="high"), {"label": "New"}),
    "set_policy": lambda: pricing.set_policy({"max_credits_per_generation": 10}, confirmed=True),
    "save": lambda: QualityTier(key="16k", label="16K", cost_multiplier=3).save(),
    "delete": lambda: QualityTier.objects.get(key="12k").delete(),
    "seed": seed,
    "import_rows": lambda: import_rows([]),
    "revise_all": lambda: revise_all([Revision(model("first"), {"name": "New"})]),
    "retire_all": lambda: retire_all([model("retired-too")]),
    "restore_all": lambda: restore_all([model("restored")]),
    "change_prices": lambda: change_prices([NewPrices(model("priced"), Decimal("0.2"), {})]),
}
MODELS = ("first", "revised", "retired", "restored", "made-default", "rated", "retired-too", "priced")


def model(name: str) -> AIModel:
    """Each writer has its own, and all of them can go on in any order."""
    return AIModel.objects.get(model_id=f"a/{name}")


@pytest.fixture
def catalogue() -> None:
    standard_policy()
    for name in MODELS:
        AIModelFactory(model_id=f"a/{name}")
    rate(model("first"), "ultra", "0.2")
    services.retire(model("restored"))
    for key in ("8k", "12k"):
        QualityTierFactory(key=key)


@pytest.mark.usefixtures("catalogue")
def test_each_of_them_waits():
    done = {name: threading.Event() for name in WRITERS}

    def write(name: str) -> None:
        try:
            WRITERS[name]()
        finally:
            done[name].set()
            connection.close()

    threads = [threading.Thread(target=write, args=[name]) for name in WRITERS]
    with transaction.atomic():
        CatalogueRevision.objects.lock()
        for thread in threads:
            thread.start()
        time.sleep(1.5)
        hasty = {name for name, event in done.items() if event.is_set()}
    for thread in threads:
        thread.join(20)

    assert hasty == set()
    assert {name for name, event in done.items() if not event.is_set()} == set()
