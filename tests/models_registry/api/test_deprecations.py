from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from models_registry import services
from models_registry.models import AIModel
from tests.factories import AIModelFactory, bearer, service_token, untraced
from tests.models_registry.api.conftest import new_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]

ADDRESS = "models/deprecations/"


def leave(model: AIModel, *, days: float) -> None:
    sunset_at = (timezone.now() + timedelta(days=days)).replace(microsecond=0)
    untraced(AIModel).filter(pk=model.pk).update(sunset_at=sunset_at)


def test_everybody_is_told_through_the_edge_as_well(get):
    AIModelFactory(model_id="a/first")
    going = AIModelFactory(model_id="a/going", name="Going", provider="Acme", successor="a/first")
    leave(going, days=3.5)
    going.refresh_from_db()

    answer = get(ADDRESS)

    assert answer.json() == {
        "within_days": 30,
        "past": [],
        "imminent": [
            {
                "model_id": "a/going",
                "name": "Going",
                "provider": "Acme",
                "status": "active",
                "sunset_at": f"{going.sunset_at:%Y-%m-%dT%H:%M:%SZ}",
                "successor": "a/first",
                "days_left": 4,
            }
        ],
        "upcoming": [],
        "undated": [],
        "is_complete": True,
    }
    assert get(ADDRESS, within_days="3").json()["imminent"] == []


def test_a_model_that_went_is_told_with_its_successor_though_it_is_not_on_offer_any_more(get):
    AIModelFactory(model_id="a/first")
    leave(AIModelFactory(model_id="a/gone", successor="a/first"), days=-2)

    (gone,) = get(ADDRESS).json()["past"]

    assert (gone["model_id"], gone["status"], gone["successor"]) == ("a/gone", "retired", "a/first")
    assert get("models/a/gone/").status_code == 404
    assert get(ADDRESS, within_days=1).json()["past"] == []


def test_the_tag_is_of_the_content_so_it_is_stale_only_when_that_changes(get, client):
    leave(AIModelFactory(model_id="a/first"), days=3.5)
    tag = get(ADDRESS)["ETag"]

    assert client.get(f"/api/v1/{ADDRESS}", headers={"If-None-Match": tag}).status_code == 304
    leave(AIModel.objects.get(), days=9.5)
    assert client.get(f"/api/v1/{ADDRESS}", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("given", ["0", "366", "-1", "1.5", "x", "", "9" * 90])
def test_how_far_to_look_is_1_to_365_days(get, given):
    answer = get(ADDRESS, within_days=given)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["within_days"]


def test_other_parameters_are_refused(get):
    assert get(ADDRESS, page=1).json()["errors"][0]["code"] == "unknown_parameter"


def test_no_model_can_be_called_like_that(send):
    answer = send("post", "models/", new_model("deprecations"))

    assert answer.json()["errors"][0] == {
        "field": "model_id",
        "code": "reserved",
        "message": '"deprecations" can\'t be an id: the API uses this address for something else.',
    }


def test_a_successor_off_sale_is_told_only_to_whoever_may_read_it(get):
    AIModelFactory()
    heir = AIModelFactory(model_id="a/heir")
    leave(AIModelFactory(model_id="a/going", successor="a/heir"), days=3)
    services.revise(heir, {"is_active": False})

    assert get(ADDRESS).json()["imminent"][0]["successor"] is None
    headers = bearer(service_token("catalog:read").text)
    told = Client().get(f"/api/v1/{ADDRESS}", headers=headers).json()
    assert told["imminent"][0]["successor"] == "a/heir"


class TestOneModel:
    def test_both_fields_are_served_only_where_they_say_something(self, get, send):
        AIModelFactory(model_id="a/first")
        plain = set(get("models/a/first/").json())
        assert not plain & {"sunset_at", "successor"}

        body = new_model("a/new", sunset_at="2099-01-02T01:00:00+01:00", successor="a/first")
        made = send("post", "models/", body)

        assert made.status_code == 201
        assert (made.json()["sunset_at"], made.json()["successor"]) == ("2099-01-02T00:00:00Z", "a/first")
        assert get("models/a/new/").json() == made.json()
        assert get("models/").json()["results"][1] == made.json()

        cleared = send("patch", "models/a/new/", {"sunset_at": None, "successor": None})

        assert set(cleared.json()) == plain
        assert set(get("models/a/new/").json()) == plain

    @pytest.mark.parametrize(
        ("fields", "field", "code"),
        [
            ({"sunset_at": "2020-01-01T00:00:00Z"}, "sunset_at", "past_dated"),
            ({"sunset_at": "2099-01-01"}, "sunset_at", "invalid"),
            ({"sunset_at": 4_000_000_000}, "sunset_at", "invalid"),
            ({"successor": "no/such"}, "successor", "unknown_model"),
            ({"successor": "a/first"}, "successor", "cyclic"),
            ({"successor": ["a/first"]}, "successor", "invalid"),
        ],
    )
    def test_what_is_wrong_is_named(self, send, fields, field, code):
        AIModelFactory(model_id="a/first")

        answer = send("patch", "models/a/first/", fields)

        assert answer.status_code == 400
        assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [(field, code)]

    def test_deleting_the_default_hands_over_or_is_refused_with_the_way_out(self, get, send):
        first = AIModelFactory(model_id="a/first")
        heir = AIModelFactory(model_id="a/heir")
        services.revise(first, {"successor": "a/heir"})
        services.revise(heir, {"is_active": False})

        refused = send("delete", "models/a/first/")
        assert (refused.status_code, refused.json()["code"]) == (409, "default_model_required")
        assert "activate its successor a/heir" in refused.json()["detail"]

        send("patch", "models/a/heir/", {"is_active": True})
        assert send("delete", "models/a/first/").status_code == 204
        assert get("models/default/").json()["model_id"] == "a/heir"
