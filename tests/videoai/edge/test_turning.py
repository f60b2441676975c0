"""A scheduled price counts from its instant on, by the database's clock, in every process."""

import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from models_registry import turning
from models_registry.services import carry_out_what_is_due
from pricing.schedule.deeds import Deed
from pricing.schedule.models import Kind, ScheduledChange, State
from pricing.schedule.services import schedule
from tests.factories import AIModelFactory, standard_policy
from tests.server import Server
from tests.videoai.edge.databases import address_of_tests

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

QUOTE = "/api/v1/pricing/quote/?model_id=a/one&quality=standard&duration=5"
DETAIL = "/api/v1/models/a/one/"


def told(http: http.client.HTTPConnection, path: str) -> tuple[datetime, dict, str]:
    """When it was asked for, by the database's clock; the body and its tag."""
    asked = turning.clock()
    http.request("GET", path)
    response = http.getresponse()
    body = json.loads(response.read())
    assert response.status == 200, body
    return asked, body, response.headers["ETag"]


@pytest.fixture
def model():
    standard_policy()
    return AIModelFactory(model_id="a/one", cost_per_second=Decimal("0.5"))


def dearer(model, cost: str, **ahead: float) -> ScheduledChange:
    moment = turning.clock() + timedelta(**ahead)
    return schedule(Deed(Kind.PRICE, {"cost_per_second": cost}, model), effective_from=moment)


def test_every_process_turns_over_at_the_instant(model):
    with Server(address_of_tests(), workers=2) as server:
        callers = [server.connect() for _ in range(4)]
        for caller in callers:
            told(caller, QUOTE), told(caller, DETAIL)
        changes = [dearer(model, "1", seconds=1.5), dearer(model, "2", seconds=2)]
        moments, seen = [change.effective_from for change in changes], []
        while not seen or seen[-1][0] < moments[-1] + timedelta(milliseconds=200):
            for caller in callers:
                seen += [told(caller, QUOTE), told(caller, DETAIL)]
        for caller in callers:
            caller.close()

    for asked, body, _ in seen:
        cost = Decimal(body["cost_per_second"])
        reached = sum(asked >= moment for moment in moments)
        least = [Decimal("0.5"), Decimal(1), Decimal(2)][reached]
        assert cost >= least, f"asked at {asked}"
    tags = {body["cost_per_second"]: tag for _, body, tag in seen if "credits" in body}
    assert tags.keys() == {"0.5", "1", "2"}
    assert len(set(tags.values())) == 3
    assert set(ScheduledChange.objects.values_list("state", flat=True)) == {State.APPLIED}


def test_a_server_that_was_down_at_the_instant_starts_with_the_new_price(model):
    change = dearer(model, "1", milliseconds=300)
    while turning.clock() < change.effective_from:
        pass

    with Server(address_of_tests(), workers=1) as server:
        _, body, _ = told(server.connect(), QUOTE)

    assert body["credits"] == 330


def test_who_listens_hears_of_it(model):
    with Server(address_of_tests(), workers=1) as server:
        stream = server.connect(timeout=10)
        stream.request("GET", "/api/v1/events/")
        events = stream.getresponse()
        told(server.connect(), QUOTE)
        dearer(model, "1", seconds=1)
        lines = []
        while not any(b"a/one" in line for line in lines):
            lines.append(events.readline())
            assert lines[-1], lines
        _, body, _ = told(server.connect(), QUOTE)

    assert body["credits"] == 330


def test_many_that_look_at_once_carry_it_out_once(model):
    change = dearer(model, "1", milliseconds=200)
    gate = threading.Barrier(4)

    def look():
        gate.wait()
        try:
            while turning.clock() < change.effective_from:
                pass
            carry_out_what_is_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for look_of_one in [pool.submit(look) for _ in range(4)]:
            look_of_one.result()

    change.refresh_from_db()
    model.refresh_from_db()
    assert (change.state, model.version_number) == (State.APPLIED, 2)
