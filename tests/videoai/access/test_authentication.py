"""A good token opens; every other Authorization header is a 401, on public reads too."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from models_registry.audit.models import AuditEntry
from tests.factories import bearer, service_token, standard_policy
from videoai.access import services
from videoai.access.authentication import BearerAuthentication
from videoai.access.models import ServiceToken
from videoai.access.occasions import actor_of
from videoai.access.token_text import TokenText

pytestmark = pytest.mark.django_db

PUBLIC, RIGHTS = "/api/v1/models/", "/api/v1/pricing/policy/"
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
PREFIX, SECRET = "abcdefghijkl", "s" * 43
GOOD_SHAPE = f"vai_{PREFIX}_{SECRET}"

# What is sent → what is written down about it.
GARBAGE = {
    "": "malformed",
    " ": "malformed",
    "Bearer": "malformed",
    "Bearer ": "malformed",
    "Bearer x": "malformed",
    "Basic YWRhOmFkYQ==": "malformed",
    f"Token {GOOD_SHAPE}": "malformed",
    GOOD_SHAPE: "malformed",
    f"Bearer{GOOD_SHAPE}": "malformed",
    f"Bearer\t{GOOD_SHAPE}": "malformed",
    f"Bearer\xa0{GOOD_SHAPE}": "malformed",
    f"Bearer {GOOD_SHAPE}s": "malformed",
    f"Bearer {GOOD_SHAPE[:-1]}": "malformed",
    f"Bearer {GOOD_SHAPE} ": "malformed",
    f"Bearer {GOOD_SHAPE}\n": "malformed",
    f"Bearer {GOOD_SHAPE}\0": "malformed",
    f"Bearer {GOOD_SHAPE},Bearer {GOOD_SHAPE}": "malformed",
    f"Bearer {GOOD_SHAPE}, Basic YWRhOmFkYQ==": "malformed",
    f"Bearer VAI_{PREFIX}_{SECRET}": "malformed",
    f"Bearer vai_{PREFIX.upper()}_{SECRET}": "malformed",
    f"Bearer vai_{'٣' * 12}_{SECRET}": "malformed",
    f"Bearer vai_{PREFIX}_{'é' * 43}": "malformed",
    f"Bearer vai_' OR 1=1 --_{SECRET}": "malformed",
    "Bearer \0": "malformed",
    "Bearer \ud800": "malformed",
    "Bearer ÿþ": "malformed",
    "Bearer " + "a" * 1_000_000: "malformed",
    "Bearer" + " " * 1_000_000: "malformed",
    f"Bearer {GOOD_SHAPE}": "unknown",
    f"bearer  {GOOD_SHAPE}": "unknown",
}


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def ask(client: Client, address: str, header: str) -> Any:
    return client.get(address, headers={"Authorization": header})


def assert_refused(response: Any) -> str:
    """The refusal's sentence."""
    body = json.loads(response.content)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "application/problem+json"
    assert body["code"] == "authentication_failed"
    return str(body["detail"])


def refusals() -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(action="token_refused").order_by("number")
    return [(json.loads(entry.facts)["why"], entry.subject) for entry in entries]


@pytest.mark.parametrize(("header", "why"), GARBAGE.items(), ids=[repr(text[:60]) for text in GARBAGE])
def test_garbage_is_refused_and_written_down(client, header, why):
    with CaptureQueriesContext(connection) as queries:
        response = ask(client, PUBLIC, header)

    assert_refused(response)
    assert refusals() == [(why, PREFIX if why == "unknown" else "")]
    looked_up = any("service_tokens" in query["sql"] for query in queries)
    assert looked_up == (why == "unknown")
    assert SECRET not in " ".join(query["sql"] for query in queries)


def test_all_that_were_not_proven_get_the_same_sentence(client):
    known = service_token().token
    headers = ["", "Bearer x", f"Bearer {GOOD_SHAPE}", f"Bearer vai_{known.prefix}_{SECRET}"]

    assert len({assert_refused(ask(client, PUBLIC, header)) for header in headers}) == 1
    assert refusals()[-1] == ("wrong_secret", known.prefix)


def live(name: str) -> str:
    return service_token(name=name).text


def replaced(name: str) -> str:
    issued = service_token(name=name)
    services.rotate(issued.token)
    return issued.text


def expired(name: str) -> str:
    return service_token(name=name, now=LONG_AGO, expires_in=timedelta(days=1)).text


def ended_by_rotation(name: str) -> str:
    issued = service_token(name=name)
    services.rotate(issued.token, overlap=timedelta(0))
    return issued.text


def revoked(name: str) -> str:
    issued = service_token(name=name)
    services.revoke(name)
    return issued.text


def without_the_scope(name: str) -> str:
    return service_token("usage:write", name=name).text


def with_a_wrong_secret(name: str) -> str:
    issued = service_token(name=name)
    return f"vai_{issued.token.prefix}_{SECRET}"


def unknown(name: str) -> str:
    return TokenText.random().reveal()


# state: on a public read, on one that needs catalogue rights
STATES = [
    (live, 200, 200),
    (replaced, 200, 200),
    (without_the_scope, 200, 403),
    (expired, 401, 401),
    (ended_by_rotation, 401, 401),
    (revoked, 401, 401),
    (with_a_wrong_secret, 401, 401),
    (unknown, 401, 401),
]


@pytest.mark.parametrize(("make", "public", "rights"), STATES, ids=[make.__name__ for make, *_ in STATES])
def test_a_token_opens_what_it_may(client, make, public, rights):
    standard_policy()
    headers = bearer(make("worker"))

    assert client.get(PUBLIC, headers=headers).status_code == public
    assert client.get(RIGHTS, headers=headers).status_code == rights


@pytest.mark.parametrize(("make", "public", "rights"), STATES, ids=[make.__name__ for make, *_ in STATES])
def test_a_session_beside_it_changes_nothing(admin_client, make, public, rights):
    standard_policy()
    headers = bearer(make("worker"))

    assert admin_client.get(PUBLIC, headers=headers).status_code == public
    assert admin_client.get(RIGHTS, headers=headers).status_code == rights


def test_who_proves_the_secret_is_told_what_became_of_the_token(client):
    old = service_token(name="old", now=LONG_AGO, expires_in=timedelta(days=1))
    gone = service_token(name="gone", now=LONG_AGO, expires_in=None)
    services.revoke("gone", now=LONG_AGO)

    told = [assert_refused(client.get(PUBLIC, headers=bearer(issued.text))) for issued in (old, gone)]

    assert told == [
        "The token expired on 2025-01-02 00:00 UTC. Ask for a new one.",
        "The token was revoked on 2025-01-01 00:00 UTC. Ask for a new one.",
    ]
    assert refusals() == [("expired", old.token.prefix), ("revoked", gone.token.prefix)]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_read_in_any_case(client, scheme):
    assert ask(client, PUBLIC, f"{scheme} {service_token().text}").status_code == 200


def test_who_sends_no_header_is_anonymous(client):
    assert client.get(PUBLIC).status_code == 200
    response = client.get(RIGHTS)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"
    assert not AuditEntry.objects.exists()


def test_what_is_recorded_says_that_the_token_did_it():
    token = service_token(name="billing")
    request = Request(APIRequestFactory().get("/", headers=bearer(token.text)))

    user, auth = BearerAuthentication().authenticate(request)  # type: ignore[misc]

    actor = actor_of(request._request)
    assert (actor.kind, actor.id) == ("token", str(token.token.pk))
    assert actor.name == f"billing ({token.token.prefix})"
    assert not user.is_authenticated
    assert auth.token == token.token


def test_a_refusal_is_nobodys_even_beside_a_session(admin_client):
    ask(admin_client, PUBLIC, "Bearer x")

    [entry] = AuditEntry.objects.filter(action="token_refused")
    assert (entry.actor_kind, entry.kind, entry.source, entry.address) == (
        "anonymous",
        "token",
        "api",
        "127.0.0.1",
    )
    assert entry.request_id


def test_a_bad_reason_does_not_come_before_a_bad_token(client):
    response = client.get(PUBLIC, headers={"Authorization": "Bearer x", "X-Change-Reason": "x" * 999})

    assert_refused(response)
    assert refusals() == [("malformed", "")]


def test_the_answer_stays_401_when_the_refusal_can_not_be_recorded(client, monkeypatch, caplog):
    def silent(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("videoai.access.refusals.record_event", silent)
    with caplog.at_level(logging.WARNING):
        assert_refused(ask(client, PUBLIC, f"Bearer {GOOD_SHAPE}"))

    assert f"unknown, prefix {PREFIX}" in caplog.text
    assert SECRET not in caplog.text


def test_a_silent_database_is_a_503(client, monkeypatch):
    def silent(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(ServiceToken.objects, "filter", silent)

    assert ask(client, PUBLIC, f"Bearer {GOOD_SHAPE}").status_code == 503


def test_the_compared_digest_is_there_even_for_an_unknown_prefix(client, monkeypatch):
    compared = []
    monkeypatch.setattr(
        "videoai.access.authentication.hmac.compare_digest", lambda *pair: compared.append(pair) or False
    )

    ask(client, PUBLIC, f"Bearer {GOOD_SHAPE}")

    assert [tuple(map(len, pair)) for pair in compared] == [(64, 64)]


class TestSessions:
    class Probe(APIView):
        required_scopes = {"post": frozenset()}

        def post(self, request):
            raise AssertionError("unreachable")

    def test_a_write_without_the_csrf_token_says_so(self, admin):
        request = APIRequestFactory(enforce_csrf_checks=True).post("/")
        request.user = admin

        response = self.Probe.as_view()(request)

        assert response.status_code == 403
        assert response.data["code"] == "csrf_failed"
        assert "X-CSRFToken" in response.data["detail"]


def test_the_time_of_the_last_use_is_kept(client):
    issued = service_token()
    before = timezone.now()

    client.get(PUBLIC, headers=bearer(issued.text))

    used = ServiceToken.objects.get().last_used_at
    assert used is not None
    assert before <= used <= timezone.now()
