"""When a token was last used is written seldom, by one, and never waited for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_registry.audit.models import AuditEntry
from tests.exchange.threads import at_once
from tests.factories import bearer, service_token
from videoai.access.last_use import note_use
from videoai.access.models import ServiceToken
from videoai.access.services import Issued

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def last_use() -> datetime | None:
    return ServiceToken.objects.get().last_used_at


@pytest.mark.django_db
def test_it_is_written_at_most_once_a_minute():
    service_token()
    written = [
        note_use(ServiceToken.objects.get(), at=NOON + seconds * SECOND)
        for seconds in (0, 1, 59, 60, 119, 121)
    ]

    assert written == [True, False, False, True, False, True]
    assert last_use() == NOON + 121 * SECOND


@pytest.mark.django_db
def test_it_is_no_change_for_the_audit_trail():
    token = service_token().token
    entries = AuditEntry.objects.count()

    note_use(token, at=NOON)

    assert AuditEntry.objects.count() == entries


@pytest.mark.django_db(transaction=True)
def test_of_many_who_are_due_at_once_one_writes():
    token = service_token().token

    written = at_once(lambda: note_use(token, at=NOON), threads=8)

    assert written.count(True) == 1
    assert last_use() == NOON


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_no_replica_has_to_have_it():
    """While the one that commits wait for is away, a read with a token would never be answered."""
    token = service_token().token

    with CaptureQueriesContext(connection) as asked:
        note_use(token, at=NOON)
        first = next(one["sql"] for one in asked if one["sql"] != "BEGIN")

    assert first == "SET LOCAL synchronous_commit = off"
    assert last_use() == NOON


@contextmanager
def somebody_else_holding_the_lock() -> Iterator[None]:
    """On SQLite the one write lock, as an import does; elsewhere the token's row."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(ServiceToken.objects.select_for_update())
                held.set()
                done.wait(10)  # whoever waited for the lock would have written after this
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(10)
        yield
    finally:
        done.set()
        thread.join()


def busy_timeout() -> int:
    with connection.cursor() as cursor:
        return int(cursor.execute("PRAGMA busy_timeout").fetchone()[0])


@pytest.fixture
def issued(transactional_db: None) -> Issued:
    return service_token()


def test_a_read_does_not_wait_for_a_lock(issued, client):
    with somebody_else_holding_the_lock():
        response = client.get("/api/v1/models/", headers=bearer(issued.text))
        used = last_use()

    assert response.status_code == 200
    assert used is None
    assert note_use(issued.token, at=NOON)


@pytest.mark.sqlite
class TestOnSQLite:
    def test_the_patience_of_other_writes_is_as_before(self, issued, client):
        before = busy_timeout()

        client.get("/api/v1/models/", headers=bearer(issued.text))
        with somebody_else_holding_the_lock():
            client.get("/api/v1/models/", headers=bearer(issued.text))

        assert busy_timeout() == before > 1_000

    def test_a_refusal_does_not_wait_long_either(self, issued, caplog):
        with somebody_else_holding_the_lock():
            response = Client().get("/api/v1/models/", headers=bearer("x"))
            recorded = AuditEntry.objects.filter(action="token_refused").exists()

        assert response.status_code == 401
        assert not recorded
        assert "A refused token (malformed, prefix none) was not recorded" in caplog.text
