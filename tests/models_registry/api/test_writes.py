"""Creating, changing, retiring and restoring models over HTTP."""

import json
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from tests.factories import AIModelFactory
from tests.laying import laid_once
from tests.models_registry.api.conftest import catalogue, errors_of, new_model

pytestmark = pytest.mark.django_db

READ_ONLY = (
    "id", "status", "created_at", "updated_at", "deprecated_at", "priced_at", "version_number",
    "total_generations", "successful_generations", "average_generation_time", "success_rate",
)  # fmt: skip


@laid_once("class")
def models() -> None:
    AIModelFactory(model_id="a/first")
    AIModelFactory(model_id="a/b", name="Old", tags=["fast"])


@pytest.fixture
def model(models: None) -> AIModel:
    """A model that is not the default."""
    return AIModel.objects.get(model_id="a/b")


class TestCreate:
    def test_a_model_is_stored_and_shown_with_its_address(self, send, get):
        response = send("post", "models/", new_model("acme/x/new", is_premium=True, tags=["fast"]))

        assert response.status_code == 201
        assert response["Location"] == "/api/v1/models/acme/x/new/"
        shown = get("models/acme/x/new/")
        assert response.json() == shown.json()
        assert response["ETag"] == shown["ETag"]
        assert AIModel.objects.get().is_premium

    def test_the_first_one_becomes_the_default(self, send, get):
        assert send("post", "models/", new_model()).json()["is_default"] is True
        assert get("models/default/").json()["model_id"] == "acme/new"

    def test_is_default_takes_the_flag(self, send):
        AIModelFactory(model_id="a/first")

        send("post", "models/", new_model(is_default=True))

        assert AIModel.default.get().model_id == "acme/new"

    @pytest.mark.parametrize(
        "price", [b"0.1", b'"0.1"', b"1e-1", b'"0.10"', b"0.1000000000000000000000000000000000"]
    )
    def test_money_arrives_exactly(self, send, price):
        body = json.dumps(new_model()).encode().replace(b'"0.18"', price)

        assert send("post", "models/", body).json()["cost_per_second"] == "0.1"
        assert AIModel.objects.get().cost_per_second == Decimal("0.1")

    @pytest.mark.parametrize("taken", ["a/b", "A/B", "a/B"])
    def test_a_taken_id_is_a_conflict_in_any_case(self, send, taken):
        AIModelFactory(model_id="a/b")

        response = send("post", "models/", new_model(taken))

        assert (response.status_code, response.json()["code"]) == (409, "model_id_taken")
        assert errors_of(response) == {"model_id": "model_id_taken"}

    def test_all_faults_are_told_at_once(self, send):
        before = catalogue()
        body = new_model(
            cost_per_second=True, colour="red", status="active", tags=[5], supported_durations=[0]
        )
        del body["name"]

        response = send("post", "models/", body)

        assert response.status_code == 400
        assert errors_of(response) == {
            "name": "required",
            "colour": "unknown_field",
            "status": "read_only",
            "cost_per_second": "invalid",
            "tags": "invalid",
            "supported_durations": "invalid",
        }
        assert catalogue() == before

    @pytest.mark.parametrize("name", READ_ONLY)
    def test_what_the_system_keeps_is_not_written(self, send, name):
        assert errors_of(send("post", "models/", new_model(**{name: 1}))) == {name: "read_only"}
        assert not AIModel.objects.exists()

    def test_names_may_be_written_from_right_to_left(self, send):
        assert send("post", "models/", new_model(name="نموذج \u200fفيديو")).status_code == 201


class TestPatch:
    def test_named_fields_change_and_the_others_stay(self, send, get, model):
        response = send("patch", "models/a/b/", {"name": "New", "cost_per_second": 0.25})

        assert response.status_code == 200
        shown = get("models/a/b/")
        assert (response.content, response["ETag"]) == (shown.content, shown["ETag"])
        assert (shown.json()["name"], shown.json()["cost_per_second"]) == ("New", "0.25")
        assert shown.json()["tags"] == ["fast"]

    @pytest.mark.parametrize(
        "body", [{}, {"name": "Old"}, {"cost_per_second": "0.1800", "tags": ["fast", "fast"]}]
    )
    def test_what_stands_already_changes_nothing(self, send, get, model, body):
        before, tag = catalogue(), get("models/a/b/")["ETag"]

        response = send("patch", "models/a/b/", body)

        assert (response.status_code, response["ETag"]) == (200, tag)
        assert catalogue() == before

    def test_the_rules_hold_for_the_whole_row(self, send, model):
        assert errors_of(send("patch", "models/a/b/", {"max_duration": 8})) == {
            "max_duration": "shorter_than_duration"
        }

    def test_the_id_may_be_repeated_but_not_changed(self, send, model):
        assert send("patch", "models/a/b/", {"model_id": "a/b", "name": "New"}).status_code == 200
        for other in ("a/c", "A/b", " a/b", 7, None):
            refused = send("patch", "models/a/b/", {"model_id": other, "name": ""})
            assert errors_of(refused) == {"model_id": "immutable", "name": "blank"}

    def test_is_default_moves_the_flag(self, send, get, model):
        send("patch", "models/a/b/", {"is_default": True})

        assert get("models/default/").json()["model_id"] == "a/b"

    @pytest.mark.parametrize("body", [{"is_default": False}, {"is_active": False}, {"is_deprecated": True}])
    def test_the_default_can_not_leave(self, send, model, body):
        before = catalogue()

        response = send("patch", "models/a/first/", body)

        assert (response.status_code, response.json()["code"]) == (409, "default_model_required")
        assert "Make another model the default first" in response.json()["detail"]
        assert catalogue() == before

    def test_the_next_request_sees_the_change(self, send, get, model, standard_prices):
        address = "pricing/quote/?model_id=a/b&quality=standard&duration=5"
        before = get(address).json()["credits"]

        send("patch", "models/a/b/", {"cost_per_second": "0.36"})

        assert (before, get(address).json()["credits"]) == (60, 119)


class TestPut:
    def test_what_describes_the_model_is_replaced_and_the_rest_stays(self, send, model):
        body = new_model()
        del body["model_id"]

        response = send("put", "models/a/b/", body)

        assert response.status_code == 200
        assert (response.json()["name"], response.json()["tags"]) == ("New", ["fast"])

    def test_it_does_not_put_a_retired_model_on_sale(self, send, model):
        services.retire(model)

        assert send("put", "models/a/b/", new_model("a/b")).json()["status"] == "retired"

    @pytest.mark.parametrize("name", services.NEEDED_TO_REPLACE)
    def test_what_a_new_model_needs_has_to_be_there(self, send, model, name):
        body = new_model("a/b")
        del body[name]

        assert errors_of(send("put", "models/a/b/", body)) == {name: "required"}

    def test_it_creates_nothing(self, send):
        assert send("put", "models/no/such/", new_model("no/such")).status_code == 404
        assert not AIModel.objects.filter(model_id="no/such").exists()

    def test_what_get_served_without_the_read_only_fields_changes_nothing(self, send, get, model):
        served = get("models/a/b/").json()
        body = {name: value for name, value in served.items() if name not in READ_ONLY}
        before = catalogue()

        assert send("put", "models/a/b/", body).json() == served
        assert catalogue() == before


class TestDelete:
    def test_it_retires_and_again_changes_nothing(self, send, get, model):
        first = send("delete", "models/a/b/")
        after = catalogue()
        again = send("delete", "models/a/b/")

        assert (first.status_code, first.content) == (again.status_code, again.content) == (204, b"")
        assert catalogue() == after
        retired = AIModel.objects.get(model_id="a/b")
        assert (retired.status, retired.deprecated_at is None) == ("retired", False)

    def test_its_id_stays_taken(self, send, model):
        send("delete", "models/a/b/")

        assert send("post", "models/", new_model("a/b")).status_code == 409

    def test_the_default_stays(self, send, model):
        response = send("delete", "models/a/first/")

        assert (response.status_code, response.json()["code"]) == (409, "default_model_required")
        assert AIModel.default.get().is_active


class TestDefaultAndRestore:
    @pytest.mark.parametrize("body", [None, {}])
    def test_a_model_becomes_the_default(self, send, get, model, body):
        response = send("post", "models/a/b/default/", body)

        assert response.status_code == 200
        shown = get("models/a/b/")
        assert (response.content, response["ETag"]) == (shown.content, shown["ETag"])
        assert get("models/default/").json()["model_id"] == "a/b"

    def test_a_draft_does_not(self, send, model):
        AIModelFactory(model_id="a/draft", is_active=False)

        response = send("post", "models/a/draft/default/")

        assert (response.status_code, response.json()["code"]) == (409, "default_must_be_active")
        assert AIModel.default.get().model_id == "a/first"

    @pytest.mark.parametrize("body", [None, {}])
    def test_a_retired_model_comes_back(self, send, get, model, body):
        services.retire(model)

        response = send("post", "models/a/b/restore/", body)

        assert response.status_code == 200
        assert (response.json()["status"], response.json()["deprecated_at"]) == ("active", None)
        assert response["ETag"] == get("models/a/b/")["ETag"]

    def test_a_draft_is_not_restored(self, send, model):
        AIModelFactory(model_id="a/draft", is_active=False)

        assert send("post", "models/a/draft/restore/").json()["code"] == "model_not_retired"

    @pytest.mark.parametrize(
        ("method", "path"),
        [("post", "models/a/b/default/"), ("post", "models/a/b/restore/"), ("delete", "models/a/b/")],
    )
    def test_they_take_no_fields(self, send, model, method, path):
        before = catalogue()

        response = send(method, path, {"name": "New"})

        assert response.status_code == 400
        assert errors_of(response) == {"name": "unknown_field"}
        assert catalogue() == before


WRITES = [
    ("post", "models/"),
    ("patch", "models/a/b/"),
    ("put", "models/a/b/"),
    ("delete", "models/a/b/"),
    ("post", "models/a/b/default/"),
    ("post", "models/a/b/restore/"),
]
each_write = pytest.mark.parametrize(("method", "path"), WRITES)


BAD_REASONS = ["r" * 301, "UTF-8''" + "%C3%9F" * 301, "a\tb", "", "  ", "UTF-8''%0A", "UTF-8''%FF"]


class TestEveryWrite:
    @each_write
    def test_rights_are_asked_before_anything_else(self, client, viewer, model, method, path):
        path = f"/api/v1/{path}?colour=red".replace("a/b", "no/such")
        garbage = {
            "content_type": "text/plain",
            "headers": {"if-match": "x", "x-change-reason": "r" * 301},
        }
        before = catalogue()

        anonymous = client.generic(method.upper(), path, b"\xff{", **garbage)
        client.force_login(viewer)
        staff = client.generic(method.upper(), path, b"\xff{", **garbage)

        assert (anonymous.status_code, anonymous.json()["code"]) == (401, "not_authenticated")
        assert anonymous["WWW-Authenticate"].startswith("Bearer")
        assert (staff.status_code, staff.json()["code"]) == (403, "permission_denied")
        assert catalogue() == before

    @each_write
    def test_a_session_needs_its_csrf_token(self, admin, model, method, path):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(admin)
        before = catalogue()

        response = browser.generic(method.upper(), f"/api/v1/{path}", b"{}", content_type="application/json")

        assert (response.status_code, response.json()["code"]) == (403, "csrf_failed")
        assert catalogue() == before

    def test_with_its_csrf_token_a_session_writes(self, admin, model):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(admin)
        browser.get("/admin/models/")
        token = browser.cookies["csrftoken"].value

        response = browser.patch(
            "/api/v1/models/a/b/",
            {"name": "New"},
            content_type="application/json",
            headers={"x-csrftoken": token},
        )

        assert response.status_code == 200

    @pytest.mark.parametrize(("method", "path"), WRITES[1:])
    @pytest.mark.parametrize("model_id", ["no/such", "A/B", "a/b/", "%00", "..%2f..%2fetc", "a%252Fb"])
    def test_an_unknown_id_is_404_before_its_body_is_read(self, send, model, method, path, model_id):
        response = send(method, path.replace("a/b", model_id), b"{")

        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    @each_write
    def test_parameters_are_refused(self, send, model, method, path):
        before = catalogue()

        response = send(method, f"{path}?dry_run=true&dry_run=true", {})

        assert errors_of(response) == {"dry_run": "unknown_parameter"}
        assert catalogue() == before

    @each_write
    @pytest.mark.parametrize(
        "reason", ["r" * 301, "UTF-8''" + "%C3%9F" * 301, "a\tb", "", "  ", "UTF-8''%0A", "UTF-8''%FF"]
    )
    def test_a_bad_reason_is_refused_whatever_becomes_of_it(self, send, model, method, path, reason):
        before = catalogue()

        response = send(method, path, {}, headers={"x-change-reason": reason})

        assert response.status_code == 400
        assert errors_of(response).keys() == {"X-Change-Reason"}
        assert catalogue() == before

    def test_a_writer_who_may_not_add_changes_only(self, client, model):
        permitted(client, "change_aimodel")

        assert client.post("/api/v1/models/", new_model(), content_type="application/json").status_code == 403
        assert (
            client.patch("/api/v1/models/a/b/", {"name": "N"}, content_type="application/json").status_code
            == 200
        )

    def test_who_may_add_only_does_not_change(self, client, model):
        permitted(client, "add_aimodel")

        assert client.post("/api/v1/models/", new_model(), content_type="application/json").status_code == 201
        assert (
            client.patch("/api/v1/models/a/b/", {"name": "N"}, content_type="application/json").status_code
            == 403
        )


def permitted(client: Client, codename: str) -> None:
    user = User.objects.create_user("editor", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(user)


class TestReasons:
    @pytest.mark.parametrize(
        ("sent", "reason"),
        [
            ("New price list, 50% off", "New price list, 50% off"),
            ("UTF-8''Preise%20%C3%BCber%209%20%E2%82%AC", "Preise über 9 €"),
            ("utf-8''100%25", "100%"),
            ("Preise über 9 €", "Preise über 9 €"),  # from servers that hand such headers over
            ("UTF-8''" + "%C3%9F" * 300, "ß" * 300),
        ],
    )
    def test_a_reason_stands_in_the_history(self, send, model, sent, reason):
        send("patch", "models/a/b/", {"name": "New"}, headers={"x-change-reason": sent})

        assert AuditEntry.objects.changes().latest("number").reason == reason
