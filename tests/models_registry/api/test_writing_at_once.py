"""Writers that come at the same moment, through the whole HTTP stack."""

from collections import Counter

import pytest
from django.contrib.auth.models import User
from django.test import Client

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from tests.exchange.threads import at_once
from tests.factories import AIModelFactory, standard_tiers
from tests.models_registry.api.conftest import new_model

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

THREADS = 16


@pytest.fixture
def session() -> dict[str, str]:
    """The cookies of an administrator's session."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return {name: morsel.value for name, morsel in client.cookies.items()}


def signed_in(session: dict[str, str]) -> Client:
    client = Client()
    client.cookies.load(session)
    return client


@pytest.mark.parametrize("spellings", [["acme/same"], ["acme/same", "Acme/Same", "ACME/SAME", "acme/SAME"]])
def test_of_sixteen_who_create_one_id_one_succeeds(session, spellings):
    standard_tiers()
    waiting = spellings * THREADS

    def create() -> int:
        body = new_model(waiting.pop())
        return signed_in(session).post("/api/v1/models/", body, content_type="application/json").status_code

    assert Counter(at_once(create, threads=THREADS)) == {201: 1, 409: THREADS - 1}
    assert AIModel.objects.count() == 1
    assert AuditEntry.objects.changes().about("model", subject=AIModel.objects.get().model_id).count() == 1


def test_of_two_changes_that_saw_the_same_state_one_gets_through(session):
    AIModelFactory(model_id="a/b")
    seen = signed_in(session).get("/api/v1/models/a/b/")["ETag"]
    names = ["One", "Two"]

    def change() -> int:
        return (
            signed_in(session)
            .patch(
                "/api/v1/models/a/b/",
                {"name": names.pop()},
                content_type="application/json",
                headers={"if-match": seen},
            )
            .status_code
        )

    assert sorted(at_once(change, threads=2)) == [200, 412]
