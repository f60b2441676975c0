"""The production server with clients that listen."""

import http.client
import json
from collections.abc import Iterable

import pytest
from django.test import Client

from tests.factories import AIModelFactory
from tests.server import Server, database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

EVENTS = "/api/v1/events/"
# Those of one answer alone, and those of the server and the connection.
DIFFERENT = {"allow", "content-length", "ratelimit", "x-request-id", "server", "date", "transfer-encoding"}


def compared(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The directives of a policy stand in any order."""
    return {
        name.lower(): sorted(value.split("; ")) for name, value in headers if name.lower() not in DIFFERENT
    }


def asked(server: Server, **headers: str) -> http.client.HTTPResponse:
    connection = server.connect()
    connection.request("GET", EVENTS, headers={"Accept": "text/event-stream", **headers})
    return connection.getresponse()


def heard(stream: http.client.HTTPResponse) -> list[str]:
    """The lines up to the next blank one."""
    lines = []
    while line := stream.readline().decode().rstrip("\n"):
        lines.append(line)
    return lines


@pytest.fixture
def model(transactional_db: None):
    return AIModelFactory(model_id="google/veo-3")


def test_a_change_is_heard_with_the_headers_that_django_sends(model):
    djangos = Client().get(EVENTS).headers.items()
    with Server(database_url(), workers=1) as server:
        stream = asked(server, **{"X-Request-ID": "mine"})
        retry, identity = heard(stream)
        AIModelFactory(model_id="acme/draft", is_active=False)
        AIModelFactory(model_id="acme/new")
        told = heard(stream)

    assert stream.headers["X-Request-ID"] == "mine"
    assert compared(stream.getheaders()) == compared(djangos)
    assert retry == "retry: 2000"
    assert identity.startswith("id: ")
    assert json.loads(told[2].removeprefix("data: "))["changed"] == ["acme/new"]


def test_a_process_that_holds_enough_says_when_to_come_back(model):
    with Server(database_url(), workers=1, environment={"EDGE_STREAMS": "1"}) as server:
        stream, refused = asked(server), asked(server)
        problem = json.loads(refused.read())

    assert stream.status == 200
    assert (refused.status, problem["code"]) == (503, "too_many_streams")
    assert refused.headers["Retry-After"] == "10"


def test_an_address_that_holds_enough_is_throttled(model):
    with Server(database_url(), workers=1, environment={"EDGE_STREAMS_PER_ADDRESS": "1"}) as server:
        stream, refused = asked(server), asked(server)
        problem = json.loads(refused.read())

    assert stream.status == 200
    assert (refused.status, problem["code"]) == (429, "throttled")
    assert refused.headers["X-Request-ID"] == problem["request_id"]


def test_the_server_ends_though_clients_listen_and_they_hear_the_end(model):
    """Not cut off: a stream that breaks in the middle of its body would raise IncompleteRead."""
    with Server(database_url(), workers=1) as server:
        streams = [asked(server) for _ in range(20)]
        openings = [heard(stream) for stream in streams]

        server.end()

        rests = [stream.read() for stream in streams]

    assert len({tuple(opening) for opening in openings}) == 1
    assert rests == [b""] * 20
