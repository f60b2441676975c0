"""Whatever goes wrong, the client gets the same shape, and nothing that is ours."""

import json

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.test import Client
from rest_framework.exceptions import Throttled

from models_registry import errors
from models_registry.models import AIModel
from pricing import errors as pricing_errors
from tests.factories import AIModelFactory, untraced
from tests.models_registry.test_validation import BAD_VALUES
from videoai.api.problem import FIELD_CODES, PROBLEMS
from videoai.api.schema import PROBLEM_SCHEMA

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def assert_problem(response, status: int, code: str) -> dict:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert (body["status"], body["code"]) == (status, code)
    assert {"type", "title", "detail"} <= body.keys()
    assert body["request_id"] == response["X-Request-ID"]
    return body


@pytest.mark.parametrize(
    "path", ["/nope", "/api", "/api/", "/api/v1/nope/", "/api/v2/models/", "/favicon.ico"]
)
def test_an_unknown_address_is_a_problem(client, path):
    assert_problem(client.get(path), 404, "not_found")


def test_an_unknown_api_address_is_a_problem_while_debugging_too(client, settings):
    settings.DEBUG = True

    assert_problem(client.get("/api/v1/nope/"), 404, "not_found")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_writing_to_an_unknown_address_finds_nothing_either(method):
    response = getattr(Client(enforce_csrf_checks=True), method)("/api/v1/nope/")

    assert_problem(response, 404, "not_found")


def test_a_form_that_can_not_be_read_is_a_page_of_400():
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    token = client.get("/admin/login/").cookies["csrftoken"].value

    response = client.post(
        "/admin/login/",
        b"a=1",
        content_type="application/x-www-form-urlencoded; charset=utf-16",
        headers={"x-csrftoken": token},
    )

    assert response.status_code == 400
    assert b"<html" in response.content


@pytest.mark.parametrize(("raised", "status"), [(OperationalError("locked"), 503), (RuntimeError("x"), 500)])
def test_people_get_a_page_for_our_faults_too(client, monkeypatch, raised, status):
    def explode(*args, **kwargs):
        raise raised

    monkeypatch.setattr("django.contrib.auth.views.LoginView.as_view", explode)

    response = client.get("/admin/login/")

    assert response.status_code == status
    assert b"<html" in response.content
    assert str(raised).encode() not in response.content
    assert ("Retry-After" in response) is (status == 503)


def test_people_get_a_page_instead(admin_client):
    response = admin_client.get("/admin/nope/")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


METHODS = ("get", "post", "put", "patch", "delete", "options")
ALLOWED = {
    "models/": "GET, HEAD, POST",
    "models/default/": "GET, HEAD",
    "models/a/b/": "GET, HEAD, PUT, PATCH, DELETE",
    "models/a/b/validate/": "GET, HEAD",
    "models/a/b/history/": "GET, HEAD",
    "models/a/b/default/": "POST",
    "models/a/b/restore/": "POST",
    "pricing/policy/": "GET, HEAD",
    "schema/": "GET, HEAD",
}


@pytest.mark.parametrize(
    ("method", "address"),
    [(m, address) for address, allow in ALLOWED.items() for m in METHODS if m.upper() not in allow],
)
def test_a_method_that_is_not_there_is_a_problem(client, method, address):
    response = getattr(client, method)(f"/api/v1/{address}")

    assert_problem(response, 405, "method_not_allowed")
    assert response["Allow"] == ALLOWED[address]


def test_only_json_is_served(client):
    assert_problem(client.get("/api/v1/models/", headers={"accept": "text/html"}), 406, "not_acceptable")


def test_a_wrong_host_is_a_problem(client):
    assert_problem(client.get("/api/v1/models/", headers={"host": "evil.example"}), 400, "bad_request")


def test_a_thousand_parameters_too_many_are_a_problem(client):
    query = "&".join(f"p{n}=1" for n in range(6_000))

    assert_problem(client.get(f"/api/v1/models/?{query}"), 400, "bad_request")


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (RuntimeError("secret: hunter2"), 500, "server_error"),
        (OperationalError("password authentication failed for user x"), 503, "unavailable"),
        (PermissionDenied("inner detail"), 403, "permission_denied"),
        (SuspiciousOperation("inner detail"), 400, "bad_request"),
        (Throttled(wait=7), 429, "throttled"),
        (errors.DefaultModelRequired("a/b", field="is_active"), 409, "default_model_required"),
        (errors.StaleModel("a/b"), 412, "stale_model"),
    ],
)
def test_what_a_view_raises_becomes_a_problem_without_our_secrets(client, monkeypatch, raised, status, code):
    def explode(*args, **kwargs):
        raise raised

    monkeypatch.setattr("models_registry.api.views.AIModelViewSet.list", explode)

    response = client.get("/api/v1/models/")

    assert_problem(response, status, code)
    for secret in ("hunter2", "password", "inner detail", "Traceback", "RuntimeError"):
        assert secret not in response.content.decode()


def test_a_throttled_client_is_told_how_long_to_wait(client, monkeypatch):
    def explode(*args, **kwargs):
        raise Throttled(wait=7)

    monkeypatch.setattr("models_registry.api.views.AIModelViewSet.list", explode)

    assert client.get("/api/v1/models/")["Retry-After"] == "7"


def test_errors_are_never_cached(client):
    response = client.get("/api/v1/models/no/such/")

    assert response["Cache-Control"] == "no-cache"
    assert "ETag" not in response.headers


def all_errors(base: type) -> list[type]:
    return [base, *(one for child in base.__subclasses__() for one in all_errors(child))]


def test_every_domain_error_has_its_status():
    assert pricing_errors.Unpriced in all_errors(errors.CatalogueError)
    codes = {error.code for error in all_errors(errors.CatalogueError)[1:]}

    assert codes <= PROBLEMS.keys()


def test_every_code_stands_in_the_schema(client):
    schema = json.loads(client.get("/api/v1/schema/").content)
    served = schema["components"]["schemas"]["Problem"]["properties"]

    assert served["code"]["enum"] == sorted(PROBLEMS)
    of_a_field = schema["components"]["schemas"]["FieldError"]["properties"]
    assert of_a_field["code"]["enum"] == sorted(FIELD_CODES)
    assert PROBLEM_SCHEMA["properties"].keys() == served.keys()


def test_every_code_that_a_rule_gives_is_known():
    """The rules' codes, as `test_validation` meets them, are in the closed list."""
    assert {code for _, _, code in BAD_VALUES} <= FIELD_CODES


class TestRequestId:
    @pytest.mark.parametrize("sent", ["abc-123", "A.b_c", "x" * 64])
    def test_a_well_formed_one_is_kept(self, client, sent):
        assert client.get("/api/v1/models/", headers={"x-request-id": sent})["X-Request-ID"] == sent

    @pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "é", "a\tb", "<script>"])
    def test_any_other_is_replaced(self, client, sent):
        made = client.get("/api/v1/models/", headers={"x-request-id": sent})["X-Request-ID"]

        assert made != sent
        assert len(made) == 32

    def test_pages_and_files_have_one_too(self, client):
        for path in ("/admin/login/", "/static/admin/css/base.css", "/healthz/"):
            assert client.get(path)["X-Request-ID"]


class TestConditionalGet:
    READS = (
        "models/",
        "models/default/",
        "models/premium/",
        "models/a/b/",
        "models/a/b/validate/?duration=5&quality=high",
        "pricing/matrix/",
        "pricing/quote/?model_id=a/b&duration=5&quality=high",
        "pricing/compare/?duration=5&quality=high",
    )

    @pytest.fixture(autouse=True)
    def catalogue(self, standard_prices):
        AIModelFactory(model_id="a/b")

    @pytest.mark.parametrize("path", READS)
    def test_every_read_has_a_strong_tag_and_answers_it_with_304(self, get, client, path):
        full = get(path)
        tag = full["ETag"]
        assert tag.startswith('"')
        assert full["Cache-Control"] == "no-cache"
        assert full["Vary"] == "Accept, Accept-Encoding, Authorization, Cookie"

        again = client.get(f"/api/v1/{path}", headers={"if-none-match": tag})

        assert (again.status_code, again.content) == (304, b"")
        assert (again["ETag"], again["Cache-Control"], again["Vary"]) == (tag, "no-cache", full["Vary"])
        assert "X-Request-ID" in again

    @pytest.mark.parametrize("sent", ["W/{tag}", '"other", {tag}', "*"])
    def test_weak_listed_and_any_tags_match(self, get, client, sent):
        tag = get("models/")["ETag"]

        response = client.get("/api/v1/models/", headers={"if-none-match": sent.format(tag=tag)})

        assert response.status_code == 304

    @pytest.mark.parametrize("sent", ['"other"', "garbage", "", '"'])
    def test_other_tags_do_not(self, client, sent):
        assert client.get("/api/v1/models/", headers={"if-none-match": sent}).status_code == 200

    def test_a_change_changes_the_tag(self, get):
        before = get("models/a/b/")["ETag"]
        untraced(AIModel).update(name="Other")

        assert get("models/a/b/")["ETag"] != before

    def test_head_has_the_headers_of_get(self, get, client):
        full, head = get("models/"), client.head("/api/v1/models/")

        assert head.content == b""
        assert (head["ETag"], head["Content-Length"]) == (full["ETag"], full["Content-Length"])
