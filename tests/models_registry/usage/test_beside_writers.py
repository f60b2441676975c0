"""Recording goes on while somebody writes the catalogue: rows of models are locked, their keys are not."""

from threading import Thread

import pytest
from django.db import connection, transaction

from models_registry import services
from models_registry.usage.models import Generation
from models_registry.usage.recording import record
from tests.factories import AIModelFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

PATIENCE = 5  # seconds


@pytest.mark.parametrize(
    "write", [lambda model: services.revise(model, {"name": "New"}), services.make_default]
)
def test_a_model_that_is_being_changed_takes_recordings(write):
    AIModelFactory()
    model = AIModelFactory()
    report = {"generation_id": "g-1", "generation_time": 4, "success": True}

    def report_it() -> None:
        record(model.model_id, report)
        connection.close()

    with transaction.atomic():
        write(model)
        recording = Thread(target=report_it, daemon=True)
        recording.start()
        recording.join(PATIENCE)
        had_to_wait = recording.is_alive()
    recording.join(PATIENCE)

    assert not had_to_wait
    assert Generation.objects.count() == 1
