import json

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from videoai import readiness

pytestmark = pytest.mark.django_db


def test_a_living_process_says_so_without_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz/").json() == {"status": "ok"}


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/readyz/"])
def test_both_addresses_answer(client, address):
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "10.1.2.3", "[fd00::7]:8000", "localhost"])
@pytest.mark.parametrize("address", ["/healthz/", "/healthz", "/readyz/"])
def test_who_asks_a_process_at_its_own_address_is_answered(settings, host, address):
    settings.ALLOWED_HOSTS = [".models.example", "localhost"]

    assert Client(HTTP_HOST=host).get(address).status_code == 200


@pytest.mark.parametrize("allowed", [["*"], ["*", "localhost"]])
def test_nor_does_it_matter_where_any_name_may_be_said(settings, allowed):
    settings.DEBUG, settings.ALLOWED_HOSTS = True, allowed

    assert Client(HTTP_HOST="127.0.0.1:8000").get("/healthz/").status_code == 200


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("stranger.example", "/healthz/"),
        ("10.1.2.3.stranger.example", "/readyz/"),
        ("[10.1.2.3", "/healthz/"),
        ("", "/healthz/"),
        ("10.1.2.3:8000", "/admin/login/"),
        ("10.1.2.3:8000", "/api/v1/models/"),
    ],
)
def test_another_name_or_another_page_at_an_address_is_refused(host, address):
    assert Client(HTTP_HOST=host).get(address).status_code == 400


def test_a_process_that_is_ready_says_what_it_looked_at(client):
    assert client.get("/readyz/").json() == {
        "status": "ready",
        "checks": {"process": "ok", "database": "ok", "migrations": "ok", "writable": "ok"},
    }


def test_to_be_asked_again_and_again_costs_little(client):
    client.get("/readyz/")

    with CaptureQueriesContext(connection) as queries:
        client.get("/readyz/")

    assert len(queries) == (2 if connection.vendor == "postgresql" else 1)


@pytest.mark.parametrize("method", ["post", "put", "delete", "options", "trace"])
@pytest.mark.parametrize("address", ["/healthz/", "/readyz/"])
def test_they_are_for_reading(method, address):
    response = getattr(Client(enforce_csrf_checks=True), method)(address)

    assert response.status_code == 405
    assert json.loads(response.content)["code"] == "method_not_allowed"
    assert response["Allow"] == "GET, HEAD"


def refused(client: Client) -> dict[str, object]:
    response = client.get("/readyz/")

    assert response.status_code == 503
    body: dict[str, object] = json.loads(response.content)
    assert body["code"] == "unavailable"
    return body


def test_a_silent_database_is_not_ready(client):
    def silent(*_: object) -> None:
        raise OperationalError("password=hunter2")

    with connection.execute_wrapper(silent):
        body = refused(client)

    assert body["checks"] == {"process": "ok", "database": "failed"}
    assert "hunter2" not in json.dumps(body)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_database_that_only_reads_is_not_ready(client):
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        body = refused(client)
    finally:
        connection.close()

    assert body["checks"] == {"process": "ok", "database": "ok", "migrations": "ok", "writable": "failed"}


def test_a_process_that_ends_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(readiness.ending, "is_set", lambda: True)

    assert refused(client)["checks"] == {"process": "failed"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.migrates
def test_a_missing_migration_is_not_ready(client):
    call_command("migrate", "sessions", "zero", verbosity=0)
    try:
        body = refused(client)
    finally:
        call_command("migrate", verbosity=0)

    assert "migrate" in str(body["detail"])
    assert body["checks"] == {"process": "ok", "database": "ok", "migrations": "failed"}
