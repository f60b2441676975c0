import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from pricing.errors import CatalogueBusy
from pricing.services import put_rate
from tests.admin.pages import LIST, messages_of, read_form
from tests.admin.test_actions import tick, use
from tests.exchange.files import import_file
from tests.factories import AIModelFactory, QualityTierFactory, rate, untraced
from videoai.exchange.table import read_table

pytestmark = pytest.mark.django_db

EXPORT = f"{LIST}do/export/"
TODAY = "2026-11-20"


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(f"{TODAY}T23:59:59Z", tick=False):
        yield


@pytest.fixture
def models() -> list[AIModel]:
    """Of different categories; the second is retired, the third is named like a formula."""
    first = AIModelFactory(model_id="acme/a", category="premium", tags=["fast", "new"], requirements={"b": 1})
    second = services.retire(AIModelFactory(model_id="acme/b", category="budget"))
    third = AIModelFactory(model_id="acme/c", name="=1+2", provider="@Luma", version="-1", category="budget")
    rate(first, "high", "0.123456789")
    use(first, times=3)
    return [first, second, third]


def download(client: Client, name: str, query: str = "", **values: str) -> Any:
    return client.post(f"{EXPORT}{query}", {"format": name, **values})


def rows_of(response: Any) -> list[dict[str, str]]:
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.content.decode(), newline=""), strict=True))


def ids(response: Any) -> list[str]:
    return [row["model_id"] for row in rows_of(response)]


def trail() -> list[tuple[str, str, dict[str, Any]]]:
    entries = AuditEntry.objects.filter(action="exported").order_by("number")
    return [(entry.actor, entry.subject, json.loads(entry.facts)) for entry in entries]


def test_the_csv_holds_a_row_a_model_with_all_there_is_to_know(
    admin_client: Client, models: list[AIModel]
) -> None:
    response = download(admin_client, "csv")
    assert response.headers["Content-Disposition"] == f'attachment; filename="models_{TODAY}.csv"'
    first, second, third = rows_of(response)
    assert set(services.state(models[0])) <= set(first)
    known = {
        "model_id": "acme/a",
        "status": "active",
        "category": "premium",
        "cost_per_second": "0.18",
        "supported_durations": "5; 9",
        "supported_qualities": "standard; high; ultra",
        "tags": "fast; new",
        "requirements": '{"b": 1}',
        "is_default": "true",
        "fixed_duration": "",
        "rates.standard": "",
        "rates.high": "0.123456789",
        "rates.ultra": "",
        "deprecated_at": "",
        "total_generations": "3",
        "success_rate": "100",
        "average_generation_time": "2",
    }
    assert {name: first[name] for name in known} == known
    assert first["created_at"] == f"{models[0].created_at:%Y-%m-%dT%H:%M:%SZ}"  # by the database's clock
    assert (second["status"], second["average_generation_time"], second["total_generations"]) == (
        *("retired", ""),
        "0",
    )
    assert second["deprecated_at"].endswith("Z")
    assert (third["name"], third["provider"], third["version"]) == ("'=1+2", "'@Luma", "'-1")
    assert trail() == [("ada", f"models_{TODAY}.csv", {"models": 3, "of": "all models"})]


def test_the_json_is_read_back_to_the_same_catalogue(admin_client: Client, models: list[AIModel]) -> None:
    response = download(admin_client, "json", "?status=active&status=active")
    assert response.headers["Content-Disposition"] == f'attachment; filename="models_{TODAY}.json"'
    assert response.headers["Content-Type"] == "application/json"
    document = json.loads(response.content)
    assert [row["model_id"] for row in document["models"]] == ["acme/a", "acme/c"]
    assert document["models"][0]["rates"] == {"high": "0.123456789"}
    report = import_file(response.content)
    assert (report.unchanged, report.created, report.changed) == (2, 0, 0)


@pytest.mark.parametrize(
    ("query", "found", "words"),
    [
        ("", ["acme/a", "acme/b", "acme/c"], "all models"),
        ("?category=budget", ["acme/b", "acme/c"], "category: Budget"),
        ("?category=budget&status=active&p=7&all=", ["acme/c"], "category: Budget; status: Active"),
        ("?q=acme/a&o=-2", ["acme/a"], "search: “acme/a”"),
        ("?provider=%40Luma", ["acme/c"], "provider: @Luma"),
        ("?e=1", ["acme/a", "acme/b", "acme/c"], "all models"),
    ],
)
def test_the_file_holds_what_the_list_shows(
    admin_client: Client, models: list[AIModel], query: str, found: list[str], words: str
) -> None:
    page = admin_client.get(EXPORT + query)
    assert page.context["number"] == len(found)
    assert [row[0] for row in page.context["rows"]] == found
    assert "; ".join(f"{title}: {value}" for title, value in page.context["filters"]) == (
        "" if words == "all models" else words
    )
    assert ids(admin_client.post(page.context["address"], {"format": "csv"})) == found
    assert trail()[-1][2] == {"models": len(found), "of": words}


def test_the_list_leads_there_with_its_filters_and_it_leads_back(
    admin_client: Client, models: list[AIModel]
) -> None:
    html = unescape(admin_client.get(f"{LIST}?category=budget&q=acme&p=1").content.decode())
    assert f'href="{EXPORT}?category=budget&q=acme"' in html
    html = unescape(admin_client.get(f"{EXPORT}?category=budget&q=acme").content.decode())
    assert f'href="{LIST}?category=budget&q=acme"' in html
    assert "2 models" in html
    assert "'=1+2" in html  # as the file will have it


def test_ticked_models_are_exported_alone(admin_client: Client, models: list[AIModel]) -> None:
    html = tick(admin_client, "export", models[2], models[0], query="?o=1").content.decode()
    assert "2 models of the list, as ticked" in html
    values = read_form(html, "export-form")
    services.revise(models[0], {"name": "Newer"})
    assert [row["name"] for row in rows_of(download(admin_client, "csv", **values))] == ["Newer", "'=1+2"]
    assert trail()[-1][2] == {"models": 2, "of": "ticked models"}
    untraced(AIModel).filter(pk=models[2].pk).delete()
    assert ids(download(admin_client, "csv", **values)) == ["acme/a"]
    whole = tick(admin_client, "export", models[0], query="?category=budget", select_across="1")
    assert whole.headers["Location"] == f"{EXPORT}?category=budget"


def test_garbled_requests_are_answered_as_by_the_list(admin_client: Client, models: list[AIModel]) -> None:
    for query in ("?status=x", "?category=x", "?premium=maybe"):
        for response in (admin_client.get(EXPORT + query), download(admin_client, "csv", query)):
            assert response.headers["Location"] == f"{LIST}?e=1"
    for query in ("?id__in=9", "?name__regex=[", "?category=%00"):
        assert admin_client.get(EXPORT + query).status_code == 400
        assert download(admin_client, "csv", query).status_code == 400
    for name in ("", "xml", "\0"):
        assert download(admin_client, name).status_code == 400
    for chosen in ("x", "1:1,", "\0"):
        assert download(admin_client, "csv", chosen=chosen).status_code == 400
    assert admin_client.put(EXPORT).status_code == 405
    assert admin_client.head(EXPORT).status_code == 200
    assert trail() == []
    assert admin_client.get(f"{EXPORT}?q=%00").context["number"] == 3  # the list says that it is no search
    empty = admin_client.get(f"{EXPORT}?q=nothing").content.decode()
    assert "0 models" in empty
    assert "Download" not in empty
    assert ids(download(admin_client, "csv", "?q=nothing")) == []


def test_whoever_may_look_may_export(client: Client, viewer: User, models: list[AIModel]) -> None:
    client.force_login(viewer)
    assert "Export…" in client.get(LIST).content.decode()
    assert "Download CSV" in tick(client, "export", models[0]).content.decode()
    assert len(ids(download(client, "csv"))) == 3
    assert trail()[0][0] == "viewer"
    viewer.user_permissions.clear()
    for response in (client.get(EXPORT), download(client, "json")):
        assert response.status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert download(strict, "csv").status_code == 403
    assert len(trail()) == 1


def test_more_than_fit_are_refused_in_words(
    admin_client: Client, models: list[AIModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videoai.model_manager.deeds.export.MOST", 2)
    html = admin_client.get(EXPORT).content.decode()
    assert "more than 2 models" in html
    assert "Download" not in html
    assert download(admin_client, "csv").status_code == 400
    assert len(ids(download(admin_client, "csv", "?category=budget"))) == 2


def test_a_catalogue_that_never_rests_is_said_to_be_busy(
    admin_client: Client, models: list[AIModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> None:
        raise CatalogueBusy("Try again in a moment.")

    monkeypatch.setattr("videoai.model_manager.deeds.export.export", busy)
    assert download(admin_client, "json", "?q=a").headers["Location"] == f"{EXPORT}?q=a"
    assert "Try again in a moment." in messages_of(admin_client)
    assert trail() == []


def test_rates_that_a_file_can_not_tell_apart_are_said(admin_client: Client, models: list[AIModel]) -> None:
    QualityTierFactory(key="high-audio")
    put_rate(models[0], {"quality_id": "high", "with_audio": False, "amount": Decimal(1)}, confirmed=True)

    assert download(admin_client, "json").status_code == 302
    assert "would mean two things in the file" in messages_of(admin_client)
    assert trail() == []


def test_a_table_takes_its_number_of_queries(models: list[AIModel], django_assert_num_queries: Any) -> None:
    for number in (3, 15):
        while AIModel.objects.count() < number:
            AIModelFactory()
        with django_assert_num_queries(5):
            assert len(read_table(AIModel.objects.all()).rows) == number
