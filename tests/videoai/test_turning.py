"""What a read is answered if the look for what is due does not come through."""

from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client

from videoai import turning

pytestmark = pytest.mark.django_db


def test_a_look_that_took_too_long_is_told_without_a_traceback(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def look() -> None:
        raise OperationalError("canceling statement") from psycopg.errors.QueryCanceled()

    monkeypatch.setattr(turning, "carry_out_what_is_due", look)

    answer = client.get("/api/v1/models/")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "A request was given up, because the database failed it: QueryCanceled."
    ]
    assert not any(record.exc_info for record in caplog.records)
