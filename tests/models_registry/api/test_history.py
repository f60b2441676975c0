"""Who changed a model, when, why, and what."""

import pytest

from models_registry import services
from models_registry.audit.occasion import Actor, acting
from tests.factories import AIModelFactory, rate
from tests.models_registry.api.conftest import new_model

pytestmark = pytest.mark.django_db


def entries(send, model_id: str = "a/b") -> list[dict]:
    response = send("get", f"models/{model_id}/history/")
    assert response.status_code == 200, response.content
    return response.json()["results"]


def changes(entry: dict) -> dict[str, tuple]:
    return {change["field"]: (change["before"], change["after"]) for change in entry["changes"]}


def test_a_change_says_who_when_where_why_and_what(send):
    AIModelFactory(model_id="a/b", name="Old")
    response = send(
        "patch",
        "models/a/b/",
        {"name": "New", "cost_per_second": "0.50"},
        headers={"x-change-reason": "New price list", "x-request-id": "req-1"},
    )
    assert response.status_code == 200

    newest = entries(send)[0]

    assert newest.pop("at").endswith("Z")
    assert newest == {
        "actor": "ada",
        "action": "change",
        "source": "api",
        "reason": "New price list",
        "request_id": "req-1",
        "changes": [
            {"field": "cost_per_second", "before": "0.18", "after": "0.5"},
            {"field": "name", "before": "Old", "after": "New"},
        ],
    }


def test_the_first_entry_is_the_creation_with_all_fields(send):
    send("post", "models/", new_model("a/b"))

    (created,) = entries(send)

    assert (created["action"], created["reason"]) == ("create", "")
    assert changes(created)["name"] == (None, "New")
    assert changes(created)["is_default"] == (None, True)
    assert changes(created)["max_duration"] == (None, None)


def test_each_step_of_a_life_is_one_entry_newest_first(send):
    AIModelFactory(model_id="a/first")
    send("post", "models/", new_model("a/b"))
    send("delete", "models/a/b/")
    send("post", "models/a/b/restore/")
    send("post", "models/a/b/default/")

    actions = [entry["action"] for entry in entries(send)]

    assert actions == ["make_default", "restore", "retire", "create"]


def test_the_moved_flag_stands_in_both_histories(send):
    AIModelFactory(model_id="a/first")
    AIModelFactory(model_id="a/b")

    send("post", "models/a/b/default/")

    assert changes(entries(send)[0]) == {"is_default": (False, True)}
    assert changes(entries(send, "a/first")[0]) == {"is_default": (True, False)}


def test_rates_belong_to_their_model(send):
    model = AIModelFactory(model_id="a/b")
    rate(model, "ultra", "0.4")
    rate(model, "ultra", "0.5")

    assert [changes(entry) for entry in entries(send)[:2]] == [
        {"rates.ultra": ("0.4", "0.5")},
        {"rates.ultra": (None, "0.4")},
    ]


def test_refused_writes_and_what_changes_nothing_leave_no_entry(send):
    AIModelFactory(model_id="a/b", name="Same")
    before = entries(send)

    assert send("patch", "models/a/b/", {"name": "Same"}).status_code == 200
    assert send("patch", "models/a/b/", {"name": ""}).status_code == 400
    assert send("delete", "models/a/b/").status_code == 409
    assert send("post", "models/a/b/default/").status_code == 200

    assert entries(send) == before


def test_the_name_of_who_acted_stays(send, admin):
    with acting(actor=Actor("user", "7", "gone"), source="import_models"):
        AIModelFactory(model_id="a/b")

    assert [(entry["actor"], entry["source"]) for entry in entries(send)] == [("gone", "import_models")]


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_what_is_not_for_sale_has_a_history_too(send, status):
    AIModelFactory(model_id="a/first")
    model = AIModelFactory(model_id="a/b", is_active=status == "retired")
    if status == "retired":
        services.retire(model)

    assert entries(send)


def test_it_comes_in_pages(send):
    AIModelFactory(model_id="a/b", name="0")
    for number in range(1, 5):
        send("patch", "models/a/b/", {"name": str(number)})

    page = send("get", "models/a/b/history/?page=2&page_size=2").json()

    assert (page["count"], page["next"]) == (5, "/api/v1/models/a/b/history/?page=3&page_size=2")
    assert [changes(entry)["name"] for entry in page["results"]] == [("1", "2"), ("0", "1")]


@pytest.mark.parametrize("query", ["colour=red", "page=1&page=2", "page=0", "ordering=at"])
def test_unknown_and_malformed_parameters_are_refused(send, query):
    AIModelFactory(model_id="a/b")

    assert send("get", f"models/a/b/history/?{query}").status_code == 400


def test_rights_come_before_existence(get, client, admin, django_user_model):
    AIModelFactory(model_id="a/b")
    for model_id in ("a/b", "no/such"):
        assert get(f"models/{model_id}/history/").status_code == 401
    client.force_login(django_user_model.objects.create_user("newcomer", is_staff=True))
    for model_id in ("a/b", "no/such"):
        assert get(f"models/{model_id}/history/", colour="red").status_code == 403
    client.force_login(admin)
    assert get("models/no/such/history/").status_code == 404


def test_a_long_history_takes_no_more_queries_than_a_short_one(
    client, viewer, get, send, django_assert_num_queries
):
    AIModelFactory(model_id="a/b", name="0")
    for number in range(1, 60):
        services.revise(AIModelFactory._meta.model.objects.get(), {"name": str(number)})
    client.force_login(viewer)

    with django_assert_num_queries(4 + 4):  # session, user, two kinds of rights; due?, the model, count, page
        assert len(get("models/a/b/history/").json()["results"]) == 50
