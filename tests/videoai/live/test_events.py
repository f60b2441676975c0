"""The address of live streams, as Django answers it: what there is to tell, and the end."""

import json

import pytest

from models_registry.models import CatalogueRevision
from tests.factories import AIModelFactory, standard_tiers
from videoai.limits.rates import Rate

pytestmark = pytest.mark.django_db

OPENING = "retry: 2000\nid: {}\n\n"


def present() -> str:
    row = CatalogueRevision.objects.get()
    return f"{row.epoch}-{row.revision}"


def test_it_tells_where_the_catalogue_stands(get):
    standard_tiers()

    response = get("events/")

    assert response["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response["X-Accel-Buffering"] == "no"
    assert response["Cache-Control"] == "no-cache"
    assert response.content.decode() == OPENING.format(present())


def test_who_has_seen_it_all_is_told_nothing_more(client):
    standard_tiers()

    response = client.get("/api/v1/events/", headers={"last-event-id": present()})

    assert response.content.decode() == OPENING.format(present())


def test_who_has_seen_another_state_is_told_to_reload(client):
    AIModelFactory()
    last = present()
    AIModelFactory()

    response = client.get("/api/v1/events/", headers={"last-event-id": last})

    _, event, _ = response.content.decode().split("\n\n")
    id_line, type_line, data_line = event.split("\n")
    assert (id_line, type_line) == (f"id: {present()}", "event: catalogue")
    assert json.loads(data_line.removeprefix("data: ")) == {
        "revision": CatalogueRevision.objects.get().revision,
        "changed": [],
        "reload": True,
    }


@pytest.mark.parametrize("last", ["nonsense", "-", "x" * 5_000, "é\r"])
def test_an_id_that_was_made_up_is_no_trouble(client, last):
    standard_tiers()

    response = client.get("/api/v1/events/", headers={"last-event-id": last})

    assert b'"reload":true' in response.content


def test_news_are_never_taken_for_known(client):
    """A tag would let a browser keep them, and a 304 would tell nothing."""
    standard_tiers()

    response = client.get("/api/v1/events/", headers={"if-none-match": "*", "accept-encoding": "gzip"})

    assert response.status_code == 200
    assert "ETag" not in response
    assert "Content-Encoding" not in response


@pytest.mark.parametrize("accepted", ["text/event-stream", "*/*", "text/event-stream, application/json"])
def test_what_streams_ask_for_is_served(client, accepted):
    assert client.get("/api/v1/events/", headers={"accept": accepted}).status_code == 200


def test_nothing_else_is(client):
    response = client.get("/api/v1/events/", headers={"accept": "application/json"})

    assert response.status_code == 406
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"] == "Ask for text/event-stream."


def test_parameters_are_refused_as_json(get):
    response = get("events/", since="7")

    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_it_counts_as_a_read(settings, get):
    settings.RATE_LIMIT_READ = Rate(1, 60)

    assert [get("events/").status_code, get("events/").status_code] == [200, 429]


def test_the_page_of_live_prices_is_for_everybody(client, settings):
    response = client.get("/demo/")

    script = settings.BASE_DIR / "videoai/static/videoai/live-price.js"
    assert response.status_code == 200
    assert "Cookie" not in response.get("Vary", "")
    assert "new EventSource(" in response.content.decode()
    assert len(script.read_text().splitlines()) <= 40
    assert client.post("/demo/").status_code == 405
