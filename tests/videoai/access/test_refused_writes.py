"""A write that was refused is written down: who, from where, what address, and why; never what was sent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, QualityTier
from tests.admin.test_actions import Deed
from tests.factories import AIModelFactory, QualityTierFactory
from videoai.access.refused_writes import REFUSALS, RefusedWritesMiddleware
from videoai.limits.rates import Rate

pytestmark = pytest.mark.django_db

NOWHERE = "/api/v1/nowhere/"


def recorded() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="write_refused").order_by("number"))


def facts() -> list[dict[str, Any]]:
    return [json.loads(entry.facts) for entry in recorded()]


def answer(status: int, *, method: str = "post", path: str = "/api/v1/models/") -> None:
    """Have a request answered with `status`, whatever it asks for."""
    request = getattr(RequestFactory(), method)(path)
    assert RefusedWritesMiddleware(lambda _: HttpResponse(status=status))(request).status_code == status


class TestWhatIsRecorded:
    def test_who_tried_what_from_where(self, admin_client, admin):
        admin_client.post(NOWHERE, REMOTE_ADDR="192.0.2.1", headers={"X-Request-ID": "abc-1"})

        (entry,) = recorded()

        assert (entry.actor_kind, entry.actor_id, entry.actor) == ("user", str(admin.pk), "ada")
        assert (entry.address, entry.request_id, entry.source) == ("192.0.2.1", "abc-1", "api")
        assert entry.subject == f"POST {NOWHERE}"
        assert facts() == [{"method": "POST", "path": NOWHERE, "status": 404, "code": "not_found"}]

    def test_a_stranger_is_anonymous(self, client):
        client.delete(NOWHERE)

        assert [entry.actor for entry in recorded()] == ["anonymous"]

    @pytest.mark.parametrize("status", sorted(REFUSALS))
    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_every_refusal_of_every_writing_method(self, status, method):
        answer(status, method=method)

        assert [fact["status"] for fact in facts()] == [status]

    def test_a_form_of_somebody_without_the_right(self, client, viewer):
        model = AIModelFactory()
        client.force_login(viewer)

        response = client.post(f"/admin/models/{model.pk}/change/", {"name": "Mine"})

        assert response.status_code == 403
        assert AIModel.objects.get().name == model.name
        assert [(entry.actor, entry.source) for entry in recorded()] == [("viewer", "admin")]

    def test_what_a_service_refused_behind_a_page(self, admin_client):
        model = AIModelFactory()
        QualityTierFactory(key="standard")
        tier = QualityTier.objects.get(key="standard")
        Deed(admin_client, "retire", model).confirm()
        admin_client.post(f"/admin/models_registry/qualitytier/{tier.pk}/delete/", {"post": "yes"})
        entry = AuditEntry.objects.about("model", subject=model.model_id).get()
        address = f"/admin/models/{model.pk}/history/{entry.number}/restore/"
        admin_client.post(address, {"seen": "long ago"})

        assert [fact["code"] for fact in facts()] == [
            "invalid",
            "quality_tier_in_use",
            "stale_model",
        ]
        assert QualityTier.objects.filter(key="standard").exists()

    def test_a_form_without_its_token(self, admin):
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin)

        assert client.post("/admin/models/add/", {"name": "Mine"}).status_code == 403
        assert [(fact["status"], fact["path"]) for fact in facts()] == [(403, "/admin/models/add/")]


class TestWhatIsNot:
    @pytest.mark.parametrize("status", [200, 201, 204, 302, 405, 429, 500, 503])
    def test_what_was_done_or_is_nobodys_doing(self, status):
        answer(status)

        assert recorded() == []

    @pytest.mark.parametrize("method", ["get", "head", "options", "trace"])
    def test_reads(self, method):
        answer(403, method=method)

        assert recorded() == []

    def test_what_is_neither_api_nor_admin(self):
        answer(403, path="/healthz/")

        assert recorded() == []

    def test_a_form_that_comes_again_with_errors(self, admin_client):
        assert admin_client.post("/admin/models/add/", {"name": ""}).status_code == 200
        assert recorded() == []

    def test_what_was_sent(self, client):
        client.post(
            f"{NOWHERE}?key=s3cret-query",
            {"password": "s3cret-body"},
            content_type="application/json",
            headers={"Authorization": "Bearer s3cret-token", "X-Change-Reason": "s3cret-reason"},
        )

        (entry,) = AuditEntry.objects.values()

        assert "s3cret" not in str(entry)


class TestWhateverIsSent:
    def test_a_path_is_escaped_and_cut(self, client):
        client.post("/api/v1/%E2%80%AE%00%0A<b>" + "é" * 500)

        (entry,) = recorded()

        assert facts()[0]["path"].startswith("/api/v1/%E2%80%AE%00%0A%3Cb%3E%C3%A9")
        assert len(facts()[0]["path"]) == 250
        assert entry.subject.isascii()

    def test_a_reason_that_is_refused_itself_is_no_fault_of_ours(self, client):
        response = client.post(NOWHERE, headers={"X-Change-Reason": "x" * 400})

        assert response.status_code == 404
        assert [entry.reason for entry in recorded()] == [""]

    def test_a_form_that_is_too_large_to_read(self, admin_client, settings):
        settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
        form = {f"field{number}": "" for number in range(50)}

        assert admin_client.post("/admin/models/add/", form).status_code == 400
        assert [fact["status"] for fact in facts()] == [400]


class TestItsBounds:
    @pytest.fixture(autouse=True)
    def three_a_minute(self, settings):
        settings.RATE_LIMIT_FAILURE = Rate(3, 60)

    def test_one_caller_fills_no_trail_and_is_logged_once(self, client, caplog):
        statuses = [client.post(NOWHERE, REMOTE_ADDR="192.0.2.1").status_code for _ in range(6)]

        assert statuses == [404] * 6
        assert len(recorded()) == 3
        (record,) = caplog.records
        assert record.getMessage().startswith(
            "address:192.0.2.1 was refused more than 3 writes in 60 seconds"
        )

    def test_another_caller_is_recorded_all_the_same(self, client):
        for _ in range(6):
            client.post(NOWHERE, REMOTE_ADDR="192.0.2.1")
        client.post(NOWHERE, REMOTE_ADDR="192.0.2.2")

        assert [entry.address for entry in recorded()].count("192.0.2.2") == 1

    def test_off_records_all(self, client, settings):
        settings.RATE_LIMIT_FAILURE = None
        for _ in range(6):
            client.post(NOWHERE)

        assert len(recorded()) == 6


@pytest.fixture
def silent_database() -> Iterator[None]:
    """Whatever is asked of it, the database does not answer."""

    def silent(*_: Any) -> None:
        raise OperationalError("server closed the connection; password=s3cret")

    with connection.execute_wrapper(silent):
        yield


@pytest.mark.usefixtures("silent_database")
def test_a_silent_database_changes_no_answer(client, caplog):
    response = client.post(NOWHERE)

    assert response.status_code == 404
    assert json.loads(response.content)["code"] == "not_found"
    assert "A refused write could not be recorded: OperationalError" in caplog.text
    assert "s3cret" not in caplog.text


def test_what_succeeds_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        answer(201)
