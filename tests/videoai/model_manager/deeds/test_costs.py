"""What is done to many models asks the database as often as what is done to a few."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_registry.choices import Status
from models_registry.models import AIModel
from tests.admin.test_actions import Deed
from tests.factories import AIModelFactory, rate, standard_policy

pytestmark = pytest.mark.django_db

FEW, MANY = 3, 9
BEFORE = {
    "activate": Status.DRAFT.flags,
    "deactivate": Status.ACTIVE.flags,
    "retire": Status.ACTIVE.flags,
    "restore": Status.RETIRED.flags,
    "change_prices": Status.ACTIVE.flags,
}
ASKED = {"change_prices": {"mode": "percent", "amount": "10", "rates": "on"}}


@pytest.mark.parametrize("name", BEFORE)
def test_many_models_take_no_more_queries_than_a_few(admin_client: Client, name: str) -> None:
    standard_policy()
    AIModelFactory()  # the default, which stays out of it
    models: list[AIModel] = AIModelFactory.create_batch(FEW + MANY, **BEFORE[name])
    for model in models:
        rate(model, "high", "0.4")
    confirm(admin_client, name, models[:1])  # reads what is read once a process
    few = confirm(admin_client, name, models[1:FEW])
    assert confirm(admin_client, name, models[FEW:]) == few


def confirm(client: Client, name: str, models: list[AIModel]) -> int:
    """How many queries it takes to do it to `models`."""
    deed = Deed(client, name, *AIModel.objects.filter(pk__in=[model.pk for model in models]))
    if name in ASKED:
        deed.read(client.post(deed.address, {**deed.values, **ASKED[name]}))
    with CaptureQueriesContext(connection) as queries:
        assert deed.confirm(**ASKED.get(name, {})).status_code == 302
    return len(queries)
