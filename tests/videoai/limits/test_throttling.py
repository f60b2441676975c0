"""Limits as clients meet them."""

import json
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from models_registry.audit.occasion import Actor
from tests.exchange.threads import at_once
from tests.factories import AIModelFactory
from videoai.limits.rates import Rate

NOBODY_NEEDED: frozenset[str] = frozenset()


class Anything(APIView):
    """Open to all, so that nothing but limits is in the way."""

    authentication_classes = []
    required_scopes = {"get": NOBODY_NEEDED, "post": NOBODY_NEEDED}

    def get(self, request: Any) -> Response:
        return Response("read")

    def post(self, request: Any) -> Response:
        return Response("written")


def send(method: str = "get", *, address: str = "192.0.2.1", token: str = "") -> Response:
    request = getattr(APIRequestFactory(), method)("/", REMOTE_ADDR=address)
    if token:
        request.audit_actor = Actor("token", token, f"token {token}")
    return Anything.as_view()(request).render()


@pytest.fixture
def limits(settings: Any) -> Any:
    """Two reads and one write a minute."""
    settings.RATE_LIMIT_READ, settings.RATE_LIMIT_WRITE = Rate(2, 60), Rate(1, 60)
    return settings


@pytest.mark.usefixtures("limits")
class TestTheLimit:
    def test_what_is_above_it_is_refused_with_the_time_to_wait(self):
        with time_machine.travel(1_700_000_000, tick=False) as clock:
            assert [send().status_code for _ in range(2)] == [200, 200]
            clock.shift(18.2)
            refused = send()

        body = json.loads(refused.content)
        assert refused.status_code == 429
        assert refused["Content-Type"] == "application/problem+json"
        assert refused["Retry-After"] == "42"
        assert body["code"] == "throttled"
        assert body["detail"] == "At most 2 reads in 60 seconds. Expected available in 42 seconds."
        assert "192.0.2.1" not in refused.content.decode()

    def test_whoever_waits_as_long_as_told_is_let_in(self):
        with time_machine.travel(1_700_000_000, tick=False) as clock:
            waits = [int(send("post").headers.get("Retry-After", 0)) for _ in range(2)]
            clock.shift(waits[1])
            assert waits == [0, 60]
            assert send("post").status_code == 200

    def test_reads_and_writes_are_counted_apart(self):
        assert [send(method).status_code for method in ("get", "post", "head")] == [200, 200, 200]
        assert [send(method).status_code for method in ("get", "post", "head")] == [429, 429, 429]

    def test_each_address_has_its_own(self):
        addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.1"]

        assert [send("post", address=a).status_code for a in addresses] == [200, 200, 429]

    def test_the_neighbours_of_one_address_of_ipv6_share_theirs(self):
        addresses = ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"]

        assert [send("post", address=a).status_code for a in addresses] == [200, 429, 200]

    def test_each_token_has_its_own_whatever_its_address(self):
        senders = [("1", "192.0.2.1"), ("2", "192.0.2.1"), ("", "192.0.2.1"), ("1", "192.0.2.9")]

        statuses = [send("post", token=token, address=address).status_code for token, address in senders]

        assert statuses == [200, 200, 200, 429]

    def test_a_header_of_the_client_makes_nobody_somebody_else(self):
        request = APIRequestFactory()
        sent = [request.post("/", HTTP_X_FORWARDED_FOR=f"192.0.2.{n}") for n in range(2)]

        assert [Anything.as_view()(one).status_code for one in sent] == [200, 429]


def test_an_hour_and_a_day_are_as_good_as_a_minute(limits):
    limits.RATE_LIMIT_WRITE = Rate(1, 86_400)

    assert [send("post").get("Retry-After") for _ in range(2)] == [None, "86400"]


def test_what_is_off_counts_nothing(limits):
    limits.RATE_LIMIT_READ = None

    assert {send().status_code for _ in range(5)} == {200}
    assert "RateLimit" not in send()


@pytest.mark.usefixtures("limits")
class TestTheHeaders:
    def test_they_count_down(self):
        responses = [send() for _ in range(3)]

        assert {response["RateLimit-Policy"] for response in responses} == {'"read";q=2;w=60'}
        assert [response["RateLimit"] for response in responses] == [
            '"read";r=1;t=60',
            '"read";r=0;t=60',
            '"read";r=0;t=60',
        ]

    def test_writes_have_their_own_name(self):
        response = send("post")

        assert (response["RateLimit-Policy"], response["RateLimit"]) == (
            '"write";q=1;w=60',
            '"write";r=0;t=60',
        )

    @pytest.mark.django_db
    def test_errors_have_them_too(self, get):
        for response, status in ((get("models/no/such/"), 404), (get("models/", colour="red"), 400)):
            assert response.status_code == status
            assert response["RateLimit"].startswith('"read";r=')

    @pytest.mark.django_db
    def test_a_304_keeps_them(self, client):
        AIModelFactory()
        known = client.get("/api/v1/models/default/")["ETag"]

        response = client.get("/api/v1/models/default/", headers={"If-None-Match": known})

        assert response.status_code == 304
        assert response["RateLimit-Policy"] == '"read";q=2;w=60'
        assert response["RateLimit"].startswith('"read";r=0;t=')


@pytest.mark.django_db
@pytest.mark.usefixtures("limits")
def test_a_signed_in_user_has_a_limit_beside_that_of_the_address(client, admin):
    def statuses(caller: Client) -> list[int]:
        return [caller.get("/api/v1/pricing/matrix/").status_code == 429 for _ in range(3)]

    ada, grace = Client(), Client()
    ada.force_login(admin)
    grace.force_login(User.objects.create_superuser("grace"))

    for caller in (client, ada, grace):
        assert statuses(caller) == [False, False, True]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("counted_anywhere")
def test_of_sixteen_threads_at_a_limit_of_twenty_exactly_twenty_get_through(settings):
    settings.RATE_LIMIT_READ = Rate(20, 3_600)
    AIModelFactory()

    def ask() -> list[int]:
        client = Client()
        return [client.get("/api/v1/models/default/").status_code for _ in range(4)]

    statuses = [status for statuses in at_once(ask, threads=16) for status in statuses]

    assert (statuses.count(200), statuses.count(429)) == (20, 44)
