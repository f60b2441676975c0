"""Guessing passwords does not pay, and what happens at the door is written down without what was typed."""

import logging
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_registry.audit.models import AuditEntry
from tests.exchange.threads import at_once
from tests.videoai.access.doors import LOGIN, PASSWORD, WRONG, events, new_user, sign_in

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LIMIT = 5


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada() -> User:
    return new_user("ada")


def fail(client: Client, name: str = "ada", *, times: int, address: str = "192.0.2.1") -> list[int]:
    return [
        sign_in(client, name, WRONG, REMOTE_ADDR=address, HTTP_USER_AGENT=f"agent {n}").status_code
        for n in range(times)
    ]


def is_in(client: Client) -> bool:
    return client.get("/admin/models/").status_code == 200


class TestLocking:
    @pytest.mark.parametrize("name", ["ada", "nobody"])
    def test_the_fifth_failure_locks_whether_the_name_exists_or_not(self, client, ada, name):
        assert fail(client, name, times=6) == [200, 200, 200, 200, 429, 429]

    def test_the_right_password_is_refused_while_locked(self, client, ada):
        fail(client, times=LIMIT, address="127.0.0.1")

        response = sign_in(client)

        assert response.status_code == 429
        assert not is_in(client)

    def test_the_page_says_how_long_to_wait(self, client, ada, time_machine):
        time_machine.move_to(NOON, tick=False)
        fail(client, times=LIMIT, address="127.0.0.1")
        time_machine.move_to(NOON + timedelta(minutes=5), tick=False)

        response = sign_in(client)

        assert response["Retry-After"] == "600"
        assert response["Cache-Control"] == "no-store"
        assert b"10 minutes" in response.content
        assert b"ada" not in response.content

    def test_it_ends_a_quarter_of_an_hour_after_the_last_failure(self, client, ada, time_machine):
        time_machine.move_to(NOON, tick=False)
        fail(client, times=LIMIT, address="127.0.0.1")
        time_machine.move_to(NOON + timedelta(minutes=14, seconds=59), tick=False)
        assert sign_in(client).status_code == 429  # which does not begin it anew
        time_machine.move_to(NOON + timedelta(minutes=15, seconds=1), tick=False)

        assert sign_in(client).status_code == 302
        assert is_in(client)

    def test_failures_of_yesterday_are_forgotten_and_deleted(self, client, ada, time_machine):
        time_machine.move_to(NOON, tick=False)
        fail(client, times=LIMIT - 1)
        time_machine.move_to(NOON + timedelta(days=1), tick=False)

        assert fail(client, "other", times=1) == [200]
        assert AccessAttempt.objects.count() == 1
        assert fail(client, times=LIMIT) == [200, 200, 200, 200, 429]

    def test_success_forgets_the_failures_before_it(self, client, ada):
        fail(client, times=LIMIT - 1, address="127.0.0.1")
        assert sign_in(client).status_code == 302

        assert fail(client, times=LIMIT - 1, address="127.0.0.1") == [200] * 4

    def test_other_names_and_other_addresses_go_on(self, client, ada):
        new_user("eve")
        fail(client, times=LIMIT, address="192.0.2.1")

        assert sign_in(client, "ada", REMOTE_ADDR="192.0.2.2").status_code == 302
        assert sign_in(client, "eve", REMOTE_ADDR="192.0.2.1").status_code == 302

    def test_one_password_tried_on_many_names_locks_the_address(self, client, ada, settings):
        settings.SIGN_IN_FAILURES_AN_ADDRESS = 7
        statuses = [fail(client, f"user-{n}", times=1)[0] for n in range(8)]

        assert statuses == [200] * 6 + [429] * 2
        assert sign_in(client, "ada", REMOTE_ADDR="192.0.2.1").status_code == 429
        assert sign_in(client, "ada", REMOTE_ADDR="192.0.2.2").status_code == 302

    def test_a_locked_address_leaves_nothing_more_behind(self, client, settings):
        settings.SIGN_IN_FAILURES_AN_ADDRESS = 3
        fail(client, "a", times=3)
        fail(client, "b", times=1)
        rows, entries = AccessAttempt.objects.count(), AuditEntry.objects.count()

        fail(client, "b", times=3)

        assert (AccessAttempt.objects.count(), AuditEntry.objects.count()) == (rows, entries)

    def test_ipv6_addresses_of_one_network_are_one(self, client, ada):
        statuses = [fail(client, times=1, address=f"2001:db8::{n}")[0] for n in range(LIMIT)]

        assert statuses[-1] == 429

    def test_a_client_without_an_address_is_counted_too(self, client, ada):
        assert fail(client, times=LIMIT, address="")[-1] == 429

    def test_what_a_client_says_of_its_address_counts_for_nothing(self, client, ada):
        statuses = [
            sign_in(client, "ada", WRONG, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}").status_code
            for n in range(LIMIT)
        ]

        assert statuses[-1] == 429

    def test_behind_a_trusted_proxy_its_word_counts(self, client, ada, settings):
        settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
        for _ in range(LIMIT):
            sign_in(client, "ada", WRONG, HTTP_X_FORWARDED_FOR="203.0.113.1")

        assert sign_in(client, HTTP_X_FORWARDED_FOR="203.0.113.1").status_code == 429
        assert sign_in(client, HTTP_X_FORWARDED_FOR="203.0.113.2").status_code == 302

    def test_the_right_password_of_who_may_not_enter_counts_like_a_wrong_one(self, client):
        new_user("customer", is_staff=False, is_superuser=False)

        statuses = [sign_in(client, "customer").status_code for _ in range(LIMIT)]

        assert statuses == [200, 200, 200, 200, 429]
        assert ("anonymous", "sign_in_refused", "customer") in events()

    def test_an_operator_unlocks_with_one_command(self, client, ada, capsys):
        fail(client, times=LIMIT, address="127.0.0.1")

        call_command("axes_reset_username", "ada")

        assert sign_in(client).status_code == 302


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_sixteen_at_once_five_get_to_try(monkeypatch):
    new_user("ada")
    tried = []
    check = hashers.check_password
    monkeypatch.setattr(
        "django.contrib.auth.base_user.check_password", lambda *a, **k: tried.append(1) or check(*a, **k)
    )

    statuses = at_once(lambda: sign_in(Client(), "ada", WRONG).status_code, threads=16)

    assert len(tried) == LIMIT
    assert sorted(statuses) == [200] * 4 + [429] * 12
    assert [action for _, action, _ in events()].count("sign_in_locked") == 1
    assert AccessAttempt.objects.get(username="ada").failures_since_start == LIMIT


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_sixteen_names_at_once_no_more_get_to_try_than_the_address_may(settings):
    settings.SIGN_IN_FAILURES_AN_ADDRESS = 7
    names = iter([f"user-{n}" for n in range(16)])

    statuses = at_once(lambda: sign_in(Client(), next(names), WRONG).status_code, threads=16)

    assert sorted(statuses) == [200] * 6 + [429] * 10
    assert [action for _, action, _ in events()].count("sign_in_locked") == 1


class TestTelling:
    """Nobody learns from the door which names exist."""

    def test_both_kinds_of_names_cost_the_same(self, client, ada, monkeypatch):
        sign_in(client, "first", WRONG)  # begins the trail
        hashed = []
        encode = hashers.MD5PasswordHasher.encode
        monkeypatch.setattr(
            hashers.MD5PasswordHasher, "encode", lambda *a, **k: hashed.append(1) or encode(*a, **k)
        )
        costs = []
        for name in ("ada", "nobody"):
            hashed.clear()
            with CaptureQueriesContext(connection) as queries:
                sign_in(client, name, WRONG)
            costs.append((len(hashed), len(queries)))

        assert costs[0] == costs[1]
        assert costs[0][0] == 1

    def test_both_kinds_of_names_get_the_same_page(self, client, ada):
        known = sign_in(client, "ada", WRONG).content.replace(b'value="ada"', b"")
        unknown = sign_in(client, "nobody", WRONG).content.replace(b'value="nobody"', b"")

        assert len(known) == len(unknown)


class TestEvents:
    def test_signing_in_and_out(self, client, ada):
        sign_in(client)
        client.post("/admin/logout/")

        assert events() == [("ada", "signed_in", "ada"), ("ada", "signed_out", "ada")]

    def test_a_refusal_tells_the_name_only_if_it_exists(self, client, ada):
        sign_in(client, "ada", WRONG)
        sign_in(client, PASSWORD, "")
        sign_in(client, PASSWORD, "x")

        assert events() == [
            ("anonymous", "sign_in_refused", "ada"),
            ("anonymous", "sign_in_refused", "unknown name"),
        ]

    def test_locking_is_told_once(self, client, ada):
        fail(client, times=8)

        assert [action for _, action, _ in events()] == ["sign_in_refused"] * LIMIT + ["sign_in_locked"]

    def test_address_and_request_stand_with_it(self, client, ada):
        sign_in(client, "ada", WRONG, REMOTE_ADDR="192.0.2.1", HTTP_X_REQUEST_ID="req-1")

        entry = AuditEntry.objects.get()
        assert (entry.address, entry.request_id, entry.source) == ("192.0.2.1", "req-1", "admin")

    def test_a_new_password_by_form_by_admin_and_by_command(self, client, ada):
        eve = new_user("eve")
        sign_in(client)
        new = {"new_password1": "next horse battery", "new_password2": "next horse battery"}
        client.post("/admin/password_change/", {"old_password": PASSWORD, **new})
        client.post(
            f"/admin/auth/user/{eve.pk}/password/",
            {"usable_password": "true", "password1": "next horse battery", "password2": "next horse battery"},
        )
        eve.set_password("third horse battery")
        eve.save()

        assert events()[1:] == [
            ("ada", "password_changed", "ada"),
            ("ada", "password_changed", "eve"),
            ("system", "password_changed", "eve"),
        ]

    def test_what_is_refused_by_a_silent_database_is_refused_as_busy(self, ada, monkeypatch):
        def silent(*args, **kwargs):
            raise OperationalError("no answer")

        monkeypatch.setattr("models_registry.audit.ledger._append", silent)
        client = Client(raise_request_exception=False)

        response = sign_in(client, "ada", WRONG)

        assert response.status_code == 503
        assert response["Retry-After"]


class TestSecrets:
    """What people type and carry stays out of the log, the counts, the trail and the answers."""

    MARK = "s3cr3t-marker"

    def stored(self) -> str:
        tables = (AccessAttempt, AccessFailureLog, AccessLog, AuditEntry)
        return str([list(table.objects.values_list()) for table in tables])

    def requests(self) -> Any:
        mark = self.MARK
        bearing = {
            "headers": {"authorization": f"Bearer {mark}", "cookie": f"sessionid={mark}; csrftoken={mark}"}
        }
        strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
        relaxed = Client(raise_request_exception=False)
        yield sign_in(relaxed, mark, mark)
        for _ in range(LIMIT + 1):
            yield sign_in(relaxed, "ada", mark)
        yield relaxed.post(f"{LOGIN}?code={mark}", {"username": mark, "password": mark, "otp": mark})
        yield strict.post(LOGIN, {"username": mark, "password": mark}, **bearing)
        for address in (f"/api/v1/models/?key={mark}", "/api/v1/pricing/policy/", f"/admin/models/?q={mark}"):
            yield relaxed.get(address, **bearing)
        yield relaxed.post("/api/v1/models/", {"secret": mark}, content_type="application/json", **bearing)

    def test_failures_leave_none_of_it(self, ada, caplog):
        caplog.set_level(logging.DEBUG)
        answers = [(r.status_code, r.content.decode(), str(r.headers)) for r in self.requests()]

        assert "locked" in caplog.text
        assert self.MARK not in caplog.text
        assert self.MARK not in self.stored()
        assert {status for status, _, _ in answers} >= {200, 401, 403, 429}

    def test_our_own_faults_leave_none_of_it(self, ada, caplog, monkeypatch, settings):
        assert settings.DEBUG is False

        def explode(*args, **kwargs):
            raise RuntimeError("broken")

        monkeypatch.setattr("models_registry.api.views.AIModelViewSet.list", explode)
        monkeypatch.setattr("django.contrib.auth.views.LoginView.form_valid", explode)
        monkeypatch.setattr("django.contrib.auth.views.LoginView.form_invalid", explode)
        answers = [r for r in self.requests() if r.status_code == 500]

        assert len(answers) >= 3
        for response in answers:
            for told in (self.MARK, "RuntimeError", "Traceback", "broken", 'File "'):
                assert told not in response.content.decode()
        assert "RuntimeError: broken" in caplog.text
        assert self.MARK not in caplog.text
