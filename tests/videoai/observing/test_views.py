"""`GET /metrics`: who may see it, what stands there, and what a database that is gone leaves of it."""

import json
import threading
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from models_registry import services
from models_registry.models import CatalogueRevision
from tests.factories import AIModelFactory, bearer, service_token, standard_policy
from videoai.observing import catalogue
from videoai.observing.catalogue import UP, CatalogueReader
from videoai.settings import networks

pytestmark = pytest.mark.django_db

HERE, ELSEWHERE = "127.0.0.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def read_in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one would not see what this test has not committed."""
    monkeypatch.setattr("videoai.observing.views.reader.rows", CatalogueReader().read)


def asked(client: Client, address: str = HERE, **headers: str) -> Any:
    return client.get("/metrics", REMOTE_ADDR=address, headers=headers)


def samples(response: Any) -> dict[tuple[str, ...], float]:
    assert response.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


# --- Who may see it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/metrics", "/metrics/"])
@pytest.mark.parametrize("accept", ["text/plain;version=0.0.4;q=0.3,*/*;q=0.1", "*/*", "text/plain"])
def test_this_machine_may(client, address, accept):
    response = client.get(address, headers={"accept": accept})

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;q=0.2,*/*;q=0.1",
    ],
)
def test_open_metrics_are_for_whoever_names_them(client, accept):
    response = asked(client, accept=accept)

    assert response["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert "Accept" in response["Vary"]
    text = response.content.decode()
    assert text.endswith("# EOF\n")
    names = {sample.name for family in openmetrics(text) for sample in family.samples}
    assert names == {name for name, *_ in samples(asked(client))}


@pytest.mark.parametrize(
    "accept",
    [
        *("", "text/plain", "application/json", "nonsense", ";;=,", "text/plain;version=\x7f"),
        *("application/openmetrics-text;q=0", "application/openmetrics-text;q=0.00, text/plain"),
        *("application/openmetrics-text;version=0.0.1", "application/openmetrics-text;version=x"),
    ],
)
def test_all_others_get_plain_text_whatever_they_accept(client, accept):
    response = asked(client, accept=accept)

    assert response["Content-Type"].startswith("text/plain; version=")
    assert samples(response)


@pytest.mark.parametrize(
    ("address", "headers", "proxies", "is_let_in"),
    [
        (HERE, {}, "", True),
        ("::1", {}, "", True),
        ("::ffff:127.0.0.1", {}, "", True),
        (ELSEWHERE, {}, "", False),
        ("", {}, "", False),
        # Passed on by somebody whom nobody trusts: whoever asked is not here.
        (HERE, {"x-forwarded-for": ELSEWHERE}, "", False),
        (HERE, {"x-forwarded-for": HERE}, "", False),
        ("::ffff:127.0.0.1", {"x-forwarded-for": HERE}, "", False),
        (HERE, {"x-real-ip": HERE}, "", False),
        (HERE, {"forwarded": "for=127.0.0.1"}, "", False),
        (ELSEWHERE, {"x-forwarded-for": HERE}, "", False),
        # Passed on by a proxy of ours.
        (HERE, {"x-forwarded-for": ELSEWHERE}, HERE, False),
        (HERE, {"x-forwarded-for": f"{HERE}, {ELSEWHERE}"}, HERE, False),
        (HERE, {"x-forwarded-for": HERE}, HERE, False),
        (HERE, {"x-forwarded-for": "nonsense"}, HERE, False),
        ("10.0.0.1", {"x-forwarded-for": HERE}, "10.0.0.1", False),
        (HERE, {}, HERE, True),
    ],
)
def test_by_the_address_of_the_client_itself(  # noqa: PLR0917 - fixtures and a table
    client, settings, address, headers, proxies, is_let_in
):
    settings.TRUSTED_PROXIES = networks("UNSET", default=proxies)

    response = asked(client, address, **headers)

    assert response.status_code == (200 if is_let_in else 401)
    if not is_let_in:
        assert response["Content-Type"] == "application/problem+json"
        assert json.loads(response.content)["code"] == "not_authenticated"


@pytest.mark.parametrize(
    "name",
    [
        *("Via", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Forwarded-Port"),
        *(
            "X-Original-Forwarded-For",
            "X-Original-URI",
            "X-Client-IP",
            "True-Client-IP",
            "CF-Ray",
            "X-Scheme",
        ),
    ],
)
def test_whatever_names_a_proxy_is_not_from_here(client, name):
    assert asked(client, HERE, **{name: "x"}).status_code == 401


def test_what_a_scraper_sends_names_none(client):
    sent = {
        "User-Agent": "Prometheus/3",
        "X-Prometheus-Scrape-Timeout-Seconds": "10",
        "Accept-Encoding": "gzip",
    }

    assert asked(client, HERE, **sent).status_code == 200


def test_networks_are_a_setting(client, settings):
    settings.METRICS_NETWORKS = networks("UNSET", default="198.51.100.0/24")

    assert asked(client, ELSEWHERE).status_code == 200
    assert asked(client, HERE).status_code == 401


def test_off_lets_in_nobody_without_a_token(monkeypatch):
    monkeypatch.setenv("METRICS_NETWORKS", "off")

    assert networks("METRICS_NETWORKS", default="127.0.0.0/8") == []


@pytest.mark.parametrize(
    ("scope", "status"), [("metrics:read", 200), ("catalog:write", 403), ("usage:read", 403)]
)
def test_a_token_has_to_be_for_it(client, scope, status):
    response = asked(client, ELSEWHERE, **bearer(service_token(scope).text))

    assert response.status_code == status


def test_a_bad_token_is_refused_from_anywhere(client):
    assert asked(client, HERE, **bearer("garbage")).status_code == 401


def test_it_shows_nothing_else_to_such_a_token(client):
    headers = bearer(service_token("metrics:read").text)

    assert client.get("/api/v1/models/?status=draft", headers=headers).status_code == 403


@pytest.mark.parametrize(("method", "status"), [("head", 200), ("post", 405), ("delete", 405)])
def test_it_is_for_reading(client, method, status):
    assert getattr(client, method)("/metrics").status_code == status


def test_a_parameter_that_there_is_not_is_refused(client):
    assert client.get("/metrics?nope=1").status_code == 400


# --- What stands there -----------------------------------------------------------------------------------


def test_it_tells_how_the_catalogue_stands(client):
    standard_policy()
    model = AIModelFactory(model_id="a/b")
    AIModelFactory(model_id="a/draft", is_active=False)
    services.revise(model, {"name": "Renamed"})

    found = samples(asked(client))

    assert found[(UP,)] == 1
    assert found[("videoai_catalogue_revision",)] == CatalogueRevision.objects.get().revision
    assert found[("videoai_models", "active")] == 1
    assert found[("videoai_models", "draft")] == 1
    assert found[("videoai_models", "retired")] == 0
    assert found[("videoai_default_models",)] == 1
    assert found[("videoai_models_without_price",)] == 0
    assert found[("videoai_audit_last_number", "catalogue")] > 0
    assert found[("videoai_workers",)] == 1


def test_without_a_policy_nothing_has_a_price(client):
    AIModelFactory()

    assert samples(asked(client))[("videoai_models_without_price",)] == 1


def test_the_catalogue_is_read_anew_only_when_it_has_changed(django_assert_num_queries):
    standard_policy()
    AIModelFactory()
    reader = CatalogueReader()
    reader.read()

    with django_assert_num_queries(4):
        rows = reader.read()
    AIModelFactory()

    assert ("videoai_models", ("active",), 1) in rows
    assert ("videoai_models", ("active",), 2) in reader.read()


def test_a_database_that_is_gone_is_told_as_such(client, monkeypatch, caplog):
    def gone(*_: object) -> None:
        raise OperationalError("could not connect: password=hunter2")

    monkeypatch.setattr("videoai.observing.catalogue._moving", gone)

    found = samples(asked(client))

    assert found[(UP,)] == 0
    assert ("videoai_catalogue_revision",) not in found
    assert ("videoai_workers",) in found
    assert "hunter2" not in caplog.text


def test_a_database_that_hangs_keeps_nobody_for_long(monkeypatch):
    released = threading.Event()
    reader = CatalogueReader(patience=0.05)
    monkeypatch.setattr(CatalogueReader, "_apart", lambda self: released.wait(10) and [(UP, (), 1)])

    assert reader.rows() == [(UP, (), 0)]
    assert reader.rows() == [(UP, (), 0)]  # nobody else begins to wait for it
    released.set()
    assert reader._under_way is not None
    assert reader._under_way.result(10) == [(UP, (), 1)]


@pytest.mark.django_db(transaction=True)
def test_it_is_read_in_a_thread_that_keeps_no_connection():
    AIModelFactory()

    rows = CatalogueReader(patience=30).rows()

    assert ("videoai_models", ("active",), 1) in rows


def test_every_metric_is_named_as_prometheus_names_them():
    for metric in catalogue.METRICS.values():
        assert metric.name.startswith("videoai_")
        assert not metric.name.endswith("_total")
