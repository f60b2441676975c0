import pytest

from models_registry.values import rfc3339
from pricing.schedule.models import ScheduledChange, State
from tests.factories import bearer, service_token
from tests.pricing.schedule.conftest import in_a_while, price

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/pricing/changes/"


@pytest.fixture
def send(client, model):
    headers = bearer(service_token("catalog:write", "catalog:read").text)

    def send(method="post", path="", **body):
        more = {"data": body, "content_type": "application/json"} if method == "post" else {}
        return getattr(client, method)(f"{ADDRESS}{path}", headers=headers, **more)

    return send


def wish(**changes):
    usual = {
        "change": "price",
        "model_id": "a/one",
        "cost_per_second": "1",
        "effective_from": rfc3339(in_a_while()),
    }
    return {name: value for name, value in (usual | changes).items() if value != "left out"}


def test_a_change_is_scheduled_listed_and_cancelled(send):
    made = send(**wish())

    assert made.status_code == 201
    told = made.json()
    assert made["Location"] == f"{ADDRESS}{told['id']}/"
    assert (told["change"], told["model_id"], told["values"]) == ("price", "a/one", {"cost_per_second": "1"})
    assert (told["state"], told["scheduled_by"].split()[0]) == ("pending", "worker")
    assert send("get").json()["results"] == [told]
    assert send("get", f"{told['id']}/").json() == told

    assert send("delete", f"{told['id']}/").status_code == 204
    assert send("get", "?state=pending").json()["count"] == 0
    again = send("delete", f"{told['id']}/")
    assert (again.status_code, again.json()["code"]) == (409, "change_settled")


@pytest.mark.parametrize(
    "body",
    [
        {"change": "rate", "quality": "high", "amount": 2, "unit": "clip", "cost_per_second": "left out"},
        {
            "change": "rate",
            "quality": None,
            "with_audio": True,
            "amount": "0.3",
            "cost_per_second": "left out",
        },
        {
            "change": "policy",
            "model_id": "left out",
            "cost_per_second": "left out",
            "profit_margin": 1.5,
            "max_duration_per_generation": None,
        },
        {
            "change": "policy",
            "model_id": "left out",
            "cost_per_second": "left out",
            "max_cost_per_second": 2,
        },
        {
            "change": "multiplier",
            "model_id": "left out",
            "cost_per_second": "left out",
            "quality": "high",
            "cost_multiplier": "2",
        },
    ],
)
def test_every_kind_can_be_asked_for(send, body):
    assert send(**wish(**body)).status_code == 201
    assert ScheduledChange.objects.get().kind == body["change"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"change": "left out"}, {"change"}),
        ({"change": "colour"}, {"change"}),
        ({"effective_from": "left out"}, {"effective_from"}),
        ({"effective_from": "tomorrow"}, {"effective_from"}),
        ({"effective_from": "2020-01-01T00:00:00Z"}, {"effective_from"}),
        ({"effective_from": "9999-12-31T23:59:59Z"}, {"effective_from"}),
        ({"effective_from": "2030-01-01T00:00:00"}, {"effective_from"}),
        ({"effective_from": 5}, {"effective_from"}),
        ({"model_id": "no/such"}, {"model_id"}),
        ({"model_id": None}, {"model_id"}),
        ({"model_id": "left out"}, {"model_id"}),
        ({"cost_per_second": "left out"}, {"cost_per_second"}),
        ({"cost_per_second": True}, {"cost_per_second"}),
        ({"cost_per_second": None}, {"cost_per_second"}),
        ({"cost_per_second": "NaN"}, {"cost_per_second"}),
        ({"cost_per_second": "1e99"}, {"cost_per_second"}),
        ({"cost_per_second": 0}, {"cost_per_second"}),
        ({"colour": "red", "amount": 1}, {"colour", "amount"}),
        ({"change": "rate", "amount": "1", "quality": "a\0b", "cost_per_second": "left out"}, {"quality"}),
        ({"change": "rate", "amount": "1", "quality": "8k", "cost_per_second": "left out"}, {"quality"}),
        ({"change": "rate", "amount": "1", "with_audio": 1, "cost_per_second": "left out"}, {"with_audio"}),
        ({"change": "rate", "amount": "1", "note": "\0", "cost_per_second": "left out"}, {"note"}),
        (
            {"change": "policy", "max_credits_per_generation": 10**30, "model_id": "left out"}
            | {"cost_per_second": "left out"},
            {"max_credits_per_generation"},
        ),
        ({"change": "policy", "model_id": "left out", "cost_per_second": "left out"}, {"change"}),
    ],
)
def test_bad_input_is_refused_by_name(send, body, fields):
    response = send(**wish(**body))

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert {error["field"] for error in response.json()["errors"]} == fields
    assert not ScheduledChange.objects.exists()


def test_an_overlap_is_a_conflict(send):
    body = wish()
    send(**body)

    response = send(**body)

    assert (response.status_code, response.json()["code"]) == (409, "change_overlaps")


@pytest.mark.parametrize("number", ["999999", f"{10**30}"])
def test_an_unknown_number_is_nothing(send, number):
    assert send("get", f"{number}/").status_code == 404
    assert send("delete", f"{number}/").status_code == 404


def test_what_is_due_is_listed_as_done(send, model, planned):
    planned(price(model, "1"), minutes=1)

    [told] = send("get").json()["results"]

    assert told["state"] == State.APPLIED


def test_a_model_shows_its_new_price_from_its_moment(get, model, planned):
    planned(price(model, "1"), minutes=1)

    assert get("models/a/one/").json()["cost_per_second"] == "1"
