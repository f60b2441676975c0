"""What Django answers is counted and told, one line a request."""

import json
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.test import Client
from django.urls import Resolver404, resolve

from models_registry.transactions import ConnectionBroken, OutcomeUnknown, transaction_repeated
from tests.factories import AIModelFactory, bearer, service_token
from videoai.edge.noting import EXAMPLES
from videoai.edge.ready.addresses import PREFIX
from videoai.observing.access import NOBODY
from videoai.observing.queries import kind_of, note_error, shortened
from videoai.observing.requests import BEGAN
from videoai.observing.routes import UNKNOWN, find_route, method_of

pytestmark = pytest.mark.django_db

REQUESTS, RECORDINGS = "videoai_http_requests_total", "videoai_recordings_total"
MODEL = "/api/v1/models/{model_id}/"


def test_a_request_is_told_in_one_line(client, told):
    AIModelFactory(model_id="a/secret-name")

    response = client.get("/api/v1/models/a/secret-name/", headers={"x-request-id": "r-1"})

    (line,) = map(json.loads, told)
    assert line.pop("milliseconds") > 0
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "videoai.access",
        "route": MODEL,
        "method": "GET",
        "status": 200,
        "request_id": "r-1",
        "actor": NOBODY,
        "queries": 2,
        "bytes": len(response.content),
        "answered_by": "django",
    }


def test_what_it_waited_for_a_thread_counts(client, told):
    client.get("/healthz/", **{BEGAN: time.perf_counter() - 5})

    (line,) = map(json.loads, told)
    assert 5_000 <= line["milliseconds"] < 15_000


def test_it_names_who_asked_and_nothing_secret(client, admin, told):
    token = service_token("catalog:read", name="ci")
    client.get("/api/v1/models/?status=draft", headers=bearer(token.text))
    client.force_login(admin)
    client.get("/admin/models/")
    client.post("/admin/login/", {"username": "somebody@example.com", "password": "hunter2"})

    actors = [json.loads(line)["actor"] for line in told]
    assert actors[0].startswith("ci")
    assert actors[1] == "ada"
    assert not any(word in "".join(told) for word in (token.text, "somebody", "hunter2"))


def test_nobody_is_told_by_a_name_that_nobody_can_have(client, told):
    user = User(username="anonymous")
    user.full_clean(exclude=["password"])
    user.save()
    client.get("/api/v1/models/?status=draft")
    client.force_login(user)
    client.get("/admin/")

    assert [json.loads(line)["actor"] for line in told] == ["(nobody)", "anonymous"]
    with pytest.raises(ValidationError, match="username"):
        User(username=NOBODY).full_clean(exclude=["password"])


def test_who_asked_is_not_looked_up_for_the_line(client, admin, told, django_assert_num_queries):
    client.force_login(admin)

    with django_assert_num_queries(0):
        client.get("/healthz/")

    assert json.loads(told[0])["actor"] == NOBODY


@pytest.mark.parametrize(
    ("address", "route", "status"),
    [
        ("/api/v1/models/a/b/", MODEL, 200),
        ("/api/v1/models/a/b", MODEL, 200),
        ("/api/v1/models/never/was/", MODEL, 404),
        ("/api/v1/nope/a/b/c/", UNKNOWN, 404),
        ("/made/up", UNKNOWN, 404),
        ("/admin/nope/", UNKNOWN, 302),
        ("/static/videoai/icon.svg", "/static/", 200),
        ("/healthz", "/healthz/", 200),
    ],
)
def test_it_is_counted_by_route_and_status(client, counted, address, route, status):
    AIModelFactory(model_id="a/b")

    client.get(address).close()

    assert counted(REQUESTS, route, "GET", str(status), "django") == 1


@pytest.mark.parametrize("name", ["BREW", "get", "\n", None])
def test_methods_that_are_made_up_are_one(name):
    assert method_of(name) == "other"


def test_the_edge_counts_under_the_names_that_django_counts_under():
    for address in EXAMPLES.values():
        assert find_route(f"{PREFIX}{address}") not in {UNKNOWN, "/static/"}
    with pytest.raises(Resolver404):
        resolve("/nope")
    assert find_route("/nope") == UNKNOWN


def test_a_page_that_comes_in_pieces_is_told_when_it_has_come(admin_client, told):
    response = admin_client.get("/static/videoai/admin.css")
    assert told == []

    size = len(b"".join(response.streaming_content))
    response.close()

    (line,) = map(json.loads, told)
    assert (line["route"], line["bytes"]) == ("/static/", size)


def test_off_is_off(client, told, settings, counted):
    settings.ACCESS_LOG = "off"

    client.get("/healthz/")

    assert told == []
    assert counted(REQUESTS, "/healthz/", "GET", "200", "django") == 1


def test_what_fails_is_counted_too(client, monkeypatch, counted):
    def explode(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("models_registry.api.views.AIModelViewSet.list", explode)

    client.get("/api/v1/models/")

    assert counted(REQUESTS, "/api/v1/models/", "GET", "503", "django") == 1
    assert counted("videoai_database_errors_total", "lost_connection") == 1


def record(client: Client, address: str, body: dict[str, Any], token: str) -> int:
    response = client.post(f"/api/v1/{address}", body, content_type="application/json", headers=bearer(token))
    return response.status_code


def test_recordings_are_counted_by_what_became_of_them(client, counted):
    AIModelFactory(model_id="a/b")
    token = service_token("usage:write").text
    one = {"generation_id": "g-1", "generation_time": 1, "success": True}
    batch = [{**one, "model_id": "a/b"}, {**one, "generation_id": "g-2", "model_id": "a/b"}, {}]

    assert record(client, "models/a/b/generations/", one, token) == 201
    assert record(client, "models/a/b/generations/", one, token) == 200
    assert record(client, "models/a/b/generations/", {}, token) == 400
    assert record(client, "generations/batch/", {"generations": batch}, token) == 200

    results = ("new", "duplicate", "refused")
    assert {result: counted(RECORDINGS, result) for result in results} == {
        "new": 2,
        "duplicate": 2,
        "refused": 2,
    }


# --- Statements ------------------------------------------------------------------------------------------


def test_a_slow_statement_is_told_without_its_values(client, settings, caplog, counted):
    settings.SLOW_QUERY_MILLISECONDS = 1e-9
    AIModelFactory(model_id="a/b")
    caplog.clear()

    client.get("/api/v1/models/a/b/")

    facts = [record.facts for record in caplog.records if record.name == "videoai.slow_query"]
    assert facts
    assert {fact["route"] for fact in facts} == {MODEL}
    assert any("FROM" in fact["sql"] and "%s" in fact["sql"] for fact in facts)
    assert "a/b" not in str(facts)
    assert counted("videoai_slow_queries_total") >= len(facts)


def test_nothing_is_slow_when_nobody_asks(client, settings, caplog):
    settings.SLOW_QUERY_MILLISECONDS = 0

    client.get("/api/v1/models/")

    assert caplog.records == []


def test_a_long_statement_is_shortened():
    assert shortened("SELECT\n    1") == "SELECT 1"
    assert len(shortened("x" * 5_000)) == 1_001


def test_a_statement_that_fails_is_counted_by_what_was_wrong(counted):
    with pytest.raises(Exception, match="nowhere"), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")

    assert counted("videoai_database_errors_total", "other") == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("40P01", "deadlock"),
        ("40001", "serialization"),
        ("08006", "lost_connection"),
        ("57P01", "lost_connection"),
        ("55P03", "lock_timeout"),
        ("23505", "constraint"),
        ("53100", "disk_full"),
        ("99999", "other"),
        (None, "lost_connection"),
    ],
)
def test_kinds_are_few(code, kind):
    cause = Exception()
    cause.sqlstate = code  # type: ignore[attr-defined]
    error = OperationalError()
    error.__cause__ = cause

    assert kind_of(error) == kind


@pytest.mark.parametrize("told_as", [ConnectionBroken, OutcomeUnknown])
def test_a_failure_that_is_told_as_another_is_counted_once(counted, told_as):
    cause = Exception()
    cause.sqlstate = "57P01"  # type: ignore[attr-defined]
    first, last = OperationalError(), told_as()
    first.__cause__, last.__cause__ = cause, first

    note_error(first)
    note_error(last)

    assert counted("videoai_database_errors_total", "lost_connection") == 1


def test_what_comes_of_a_failure_is_of_its_kind():
    cause = Exception()
    cause.sqlstate = "53100"  # type: ignore[attr-defined]
    first, last = OperationalError(), OutcomeUnknown()
    first.__cause__, last.__cause__ = cause, first

    assert kind_of(last) == "disk_full"


def test_repeated_transactions_are_counted(counted):
    transaction_repeated.send(None, reason="deadlock")

    assert counted("videoai_transactions_repeated_total", "deadlock") == 1
