"""Signing in and out through a connection that breaks once."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client

from models_registry import transactions

pytestmark = pytest.mark.django_db(transaction=True)

Execute = Callable[..., Any]


class BreaksOnce:
    """Lets the first statement with these words break, as a connection does that is cut."""

    def __init__(self, words: str) -> None:
        self._words, self.is_broken = words, False

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self._words in sql and not self.is_broken:
            self.is_broken = True
            raise OperationalError("cut") from psycopg.errors.AdminShutdown()
        return execute(sql, params, many, context)


@pytest.fixture
def signed_in(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(transactions, "pause", lambda: None)
    # Of the tests' own connection, so that it stays and its wrapper with it.
    client.force_login(User.objects.create_superuser("ada"))
    return client


def test_who_signs_out_has_no_session_any_more(signed_in: Client) -> None:
    cut = BreaksOnce('DELETE FROM "django_session"')
    with connection.execute_wrapper(cut):
        answer = signed_in.post("/admin/logout/")

    assert cut.is_broken
    assert answer.status_code < 400
    assert not Session.objects.exists()


def test_who_signs_in_is_signed_in(signed_in: Client) -> None:
    cut = BreaksOnce('SET "last_login"')
    with connection.execute_wrapper(cut):
        signed_in.force_login(User.objects.create_superuser("eve"))

    assert cut.is_broken
    assert User.objects.get(username="eve").last_login is not None
