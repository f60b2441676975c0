import sqlite3
import threading

import pytest
from django.db import OperationalError, connection

from models_registry.audit.models import AuditEntry
from tests.factories import standard_tiers
from videoai.access.patience import PATIENCE, waiting_at_most

pytestmark = pytest.mark.django_db(transaction=True)


def busy_timeout() -> int:
    with connection.cursor() as cursor:
        return cursor.execute("PRAGMA busy_timeout").fetchone()[0]


@pytest.mark.sqlite
class TestOnSQLite:
    def test_a_refusal_does_not_wait_for_an_import_to_end(self, client, caplog):
        database = connection.settings_dict["NAME"]
        importing = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        importing.execute("BEGIN IMMEDIATE")
        end = threading.Timer(5, importing.rollback)
        usual = busy_timeout()
        end.start()
        try:
            response = client.post("/api/v1/nowhere/")
        finally:
            end.cancel()
            end.join()
            importing.close()

        assert response.status_code == 404
        assert "A refused write could not be recorded: OperationalError" in caplog.text
        assert AuditEntry.objects.count() == 0
        assert busy_timeout() == usual

    def test_afterwards_all_wait_as_long_as_ever(self):
        usual = busy_timeout()

        with pytest.raises(OperationalError), waiting_at_most(PATIENCE):
            assert busy_timeout() < usual
            raise OperationalError

        assert busy_timeout() == usual


def test_what_is_free_is_written():
    with waiting_at_most(PATIENCE):
        standard_tiers()

    assert AuditEntry.objects.count() == 3
