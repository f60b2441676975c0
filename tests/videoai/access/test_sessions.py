"""Sessions are stored in one transaction, and only one that is gone is told as gone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.videoai.access.doors import PASSWORD, sign_in
from videoai.access.sessions import SessionStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> SessionStore:
    found = SessionStore()
    found["seen"] = "first"
    found.save()
    return found


def failing(execute: Callable[..., Any], sql: str, *others: Any) -> Any:
    if sql.startswith('UPDATE "django_session"'):
        raise OperationalError("disk full")
    return execute(sql, *others)


def test_a_session_is_stored_and_read(store):
    store["seen"] = "second"
    store.save()

    assert SessionStore(store.session_key)["seen"] == "second"


@pytest.mark.django_db(transaction=True)
def test_to_store_it_takes_no_savepoint(store):
    with CaptureQueriesContext(connection) as queries:
        store.save()

    assert [query["sql"] for query in queries if "SAVEPOINT" in query["sql"]] == []


def test_a_session_that_somebody_has_ended_is_told_as_ended(store):
    Session.objects.all().delete()

    with pytest.raises(UpdateError):
        store.save()


def test_a_key_that_is_taken_is_told_as_taken(store):
    with pytest.raises(CreateError):
        SessionStore(store.session_key).save(must_create=True)

    assert Session.objects.count() == 1


def test_a_database_that_fails_has_ended_no_session(store):
    with connection.execute_wrapper(failing), pytest.raises(OperationalError):
        store.save()


def test_who_signs_in_while_it_fails_is_told_to_try_again(admin):
    admin.set_password(PASSWORD)
    admin.save()

    with connection.execute_wrapper(failing):
        response = sign_in(Client(raise_request_exception=False), admin.username)

    assert response.status_code == 503
