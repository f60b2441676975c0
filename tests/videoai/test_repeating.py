"""Requests that the database failed: answered anew, or told in words that are true."""

import sqlite3
from collections.abc import Callable
from logging import WARNING
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from models_registry import transactions
from models_registry.models import AIModel
from models_registry.transactions import ConnectionBroken, OutcomeUnknown
from models_registry.whole_pages import as_it_came
from tests.admin.pages import ObjectForm, change_address
from tests.factories import AIModelFactory, bearer, service_token
from videoai.api.problem import database_failed
from videoai.limits.rates import parse_rate
from videoai.observing.requests import ObservingMiddleware
from videoai.repeating import RepeatingMiddleware

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "battery staple 9"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "pause", lambda: None)


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False, headers=bearer(service_token("catalog:write").text))


@pytest.fixture
def model() -> AIModel:
    return AIModelFactory(model_id="a/b")


class Breaking:
    """Breaks the statements with these words in them, so many times."""

    def __init__(self, words: str, *, times: int = 1) -> None:
        self.words, self.times = words, times

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if self.words in sql and self.times:
            self.times -= 1
            raise ConnectionBroken("password=s3cret")
        return execute(sql, *rest)


def send(client: Client, breaking: Breaking, *, method: str = "patch") -> Any:
    body: dict[str, Any] = {"data": {"name": "New"}, "content_type": "application/json"}
    with connection.execute_wrapper(breaking):
        return getattr(client, method)("/api/v1/models/a/b/", **(body if method == "patch" else {}))


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """What an operator is told, by its level."""
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.levelno >= WARNING]


def test_a_read_that_broke_is_read_again(
    client: Client, model: AIModel, caplog: pytest.LogCaptureFixture
) -> None:
    assert send(client, Breaking('FROM "models"'), method="get").status_code == 200
    assert lines(caplog) == [
        (
            "WARNING",
            "A request was answered anew: the connection to the database broke (ConnectionBroken).",
        )
    ]


def test_it_is_read_again_once(client: Client, model: AIModel, caplog: pytest.LogCaptureFixture) -> None:
    response = send(client, Breaking('FROM "models"', times=2), method="get")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response["Retry-After"] == "1"
    assert "s3cret" not in response.content.decode() + caplog.text
    assert lines(caplog) == [
        ("ERROR", "A request was given up, because the database failed it: ConnectionBroken.")
    ]


def test_what_somebody_made_good_is_neither_told_nor_repeated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As a replica's failure by the primary."""
    asked = []

    def good(request: Any) -> HttpResponse:
        asked.append(database_failed(request, ConnectionBroken()))
        return HttpResponse(b"good")

    request: Any = RequestFactory().get("/")
    request.resolver_match = None
    assert ObservingMiddleware(RepeatingMiddleware(good))(request).content == b"good"
    assert (len(asked), lines(caplog)) == (1, [])


def test_what_nobody_tries_again_is_told_once(
    client: Client, model: AIModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise OperationalError("no space on /var/secret")

    monkeypatch.setattr("videoai.operations.refuse_unready", explode)
    monkeypatch.setattr("models_registry.api.views.AIModelViewSet.list", explode)
    assert client.get("/readyz/").status_code == 503
    assert lines(caplog) == []
    assert client.get("/api/v1/models/").status_code == 503
    assert lines(caplog) == [
        ("ERROR", "A request was given up, because the database failed it: OperationalError.")
    ]


@pytest.mark.parametrize("words", ['FROM "service_tokens"', 'FROM "models"', "FOR UPDATE", 'UPDATE "models"'])
def test_a_write_that_broke_anywhere_is_done_once(client: Client, model: AIModel, words: str) -> None:
    assert send(client, Breaking(words)).status_code == 200
    model.refresh_from_db()
    assert (model.name, model.version_number) == ("New", 2)


def test_a_write_that_breaks_again_and_again_is_503_and_nothing(client: Client, model: AIModel) -> None:
    breaking = Breaking('UPDATE "models"', times=9)
    response = send(client, breaking)
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response["Retry-After"] == "1"
    assert breaking.times == 6  # three tries, and the request is not answered anew besides
    model.refresh_from_db()
    assert model.version_number == 1


class LostAnswer:
    """A commit that is done, but nobody learns it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wrapper: Any = connection
        self.commit, self.is_armed = wrapper._commit, False
        monkeypatch.setattr(wrapper, "_commit", self)

    def __call__(self) -> None:
        self.commit()
        if self.is_armed:
            self.is_armed = False
            raise OperationalError

    def arm(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        self.is_armed = self.is_armed or 'UPDATE "models"' in sql
        return execute(sql, *rest)


def test_an_answer_that_was_lost_at_the_commit_is_told_as_unknown(
    client: Client, model: AIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = LostAnswer(monkeypatch)
    with connection.execute_wrapper(lost.arm):
        response = client.patch("/api/v1/models/a/b/", {"name": "New"}, content_type="application/json")
    told = response.json()
    assert (response.status_code, told["code"]) == (503, "outcome_unknown")
    assert "Retry-After" not in response
    assert "may be written or not" in told["detail"]
    assert told["request_id"] == response["X-Request-ID"]
    history = client.get("/api/v1/models/a/b/history/").json()["results"]
    assert told["request_id"] in str(history)


def test_people_are_told_so_on_a_page(
    model: AIModel, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> None:
    person = Client(raise_request_exception=False)
    person.force_login(User.objects.create_superuser("ada"))
    page = ObjectForm(person, change_address(model))
    lost = LostAnswer(monkeypatch)
    with connection.execute_wrapper(lost.arm):
        response = page.save(name="New")
    assert (response.status_code, "Retry-After" in response) == (503, False)
    html = response.content.decode()
    assert "Nobody knows whether it was saved" in html
    assert response["X-Request-ID"] in html


def test_what_was_written_but_could_not_be_shown_is_not_written_twice(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ConnectionBroken

    monkeypatch.setattr("models_registry.api.writes.ModelWrites._shown", broken)
    model = AIModelFactory(model_id="a/b")
    response = client.patch("/api/v1/models/a/b/", {"name": "New"}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (503, "outcome_unknown")
    model.refresh_from_db()
    assert model.version_number == 2


def test_a_form_that_broke_at_its_end_says_once_that_it_is_saved(
    model: AIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Client(raise_request_exception=False)
    person.force_login(User.objects.create_superuser("ada"))
    page = ObjectForm(person, change_address(model))
    hung_up = iter([True])
    monkeypatch.setattr(transactions, "_has_hung_up", lambda: next(hung_up, False))
    response = page.save(name="New")
    assert response.status_code == 302
    assert len(list(person.get(response["Location"]).context["messages"])) == 1
    model.refresh_from_db()
    assert model.version_number == 2


def test_ones_own_password_is_changed_though_it_broke_behind_it() -> None:
    """The old one is asked for again, which the user of the request does not have any more."""
    person = Client(raise_request_exception=False)
    User.objects.create_superuser("ada", password="correct horse")
    person.force_login(User.objects.get())
    typed = {
        "old_password": "correct horse",
        "new_password1": NEW,
        "new_password2": NEW,
    }
    with connection.execute_wrapper(Breaking("audit_entries")):
        assert person.post("/admin/password_change/", typed).status_code == 302
    assert User.objects.get().check_password(NEW)
    assert person.get("/admin/").status_code == 200


def test_a_request_can_be_put_back(rf: Any) -> None:
    request = rf.post("/", {"name": "New"})
    assert request.POST["name"] == "New"
    restore = as_it_came(request)
    request.POST, request.refusals = {}, {"some": "thing"}
    restore()
    assert request.POST["name"] == "New"
    assert not hasattr(request, "refusals")


def test_unknown_is_never_taken_for_undone() -> None:
    assert issubclass(OutcomeUnknown, OperationalError)
    assert transactions.breakage(OutcomeUnknown()) is not None


@pytest.mark.sqlite
@pytest.mark.parametrize("path", ["/api/v1/models/a/b/", "/api/v1/models/a/b/generations/"])
def test_who_finds_the_database_locked_is_told_to_come_again(
    client: Client, model: AIModel, path: str
) -> None:
    token = bearer(service_token("usage:write", "catalog:write", name="both").text)
    report = {"generation_id": "g1", "generation_time": 1, "success": True}
    method, body = ("post", report) if "generations" in path else ("patch", {"name": "New"})

    def sent() -> Any:
        return getattr(client, method)(path, body, content_type="application/json", headers=token)

    holder = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 0")
    holder.execute("BEGIN IMMEDIATE")
    response = sent()
    holder.execute("ROLLBACK")
    holder.close()
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response["Retry-After"] == "1"
    assert sent().status_code in {200, 201}
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {before}")


def test_a_read_that_is_read_again_counts_once(client: Client, model: AIModel, settings: Any) -> None:
    settings.RATE_LIMIT_READ = parse_rate("1/min")

    assert send(client, Breaking('FROM "models"'), method="get").status_code == 200
    assert send(client, Breaking("nothing"), method="get").status_code == 429
