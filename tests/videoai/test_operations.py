import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.test import Client

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


@pytest.mark.parametrize("method", ["post", "put", "delete", "options", "trace"])
@pytest.mark.parametrize("address", ["/healthz/", "/readyz/"])
def test_they_are_for_reading(method, address):
    response = getattr(Client(enforce_csrf_checks=True), method)(address)

    assert response.status_code == 405
    assert json.loads(response.content)["code"] == "method_not_allowed"
    assert response["Allow"] == "GET, HEAD"


def test_a_silent_database_is_not_ready(client, monkeypatch):
    def silent(*args: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("videoai.operations.MigrationExecutor", silent)

    response = client.get("/readyz/")

    assert response.status_code == 503
    assert json.loads(response.content)["code"] == "unavailable"


@pytest.mark.django_db(transaction=True)
@pytest.mark.migrates
def test_a_missing_migration_is_not_ready(client):
    call_command("migrate", "sessions", "zero", verbosity=0)
    try:
        response = client.get("/readyz/")
    finally:
        call_command("migrate", verbosity=0)

    assert response.status_code == 503
    assert "migrate" in json.loads(response.content)["detail"]
